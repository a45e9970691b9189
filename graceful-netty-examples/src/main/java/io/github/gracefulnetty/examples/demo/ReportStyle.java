// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.examples.demo;

/** How the report looks, in a light and in a dark version. */
final class ReportStyle {

    /** Has no character that HTML and XML would read differently. */
    static final String CSS = """
            :root { --bg: #f6f7f9; --card: #ffffff; --ink: #1a202c; --soft: #5b6676; --rule: #dfe3e9;
              --good: #13795b; --bad: #c0262d; --p99: #1a202c; --max: #9aa4b2; --upgrade: #5b6676; --failed: #c0262d;
              --c0: #3b76d6; --c1: #0f9d8a; --c2: #8a5cd6; --c3: #d97b1f; --c4: #c2478b; --c5: #6b8e23; }
            @media (prefers-color-scheme: dark) { :root { --bg: #12161c; --card: #1b212a; --ink: #e7ebf0; --soft: #9aa6b5;
              --rule: #323b47; --good: #3ecf9a; --bad: #ff6b6b; --p99: #e7ebf0; --max: #66717f; --upgrade: #9aa6b5;
              --failed: #ff6b6b; --c0: #5b93ea; --c1: #2bb8a3; --c2: #a680ec; --c3: #e8964a; --c4: #dc6fae;
              --c5: #9abf4f; } }
            * { box-sizing: border-box; }
            body { margin: 0; background: var(--bg); color: var(--ink);
              font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif; }
            main { max-width: 1180px; margin: 0 auto; padding: 32px 24px 48px; }
            header p { margin: 4px 0; color: var(--soft); }
            .kicker { letter-spacing: 0.04em; font-weight: 600; }
            h1 { margin: 0; font-size: 2.2rem; line-height: 1.2; }
            h1.good { color: var(--good); } h1.bad { color: var(--bad); }
            h2 { margin: 0 0 12px; font-size: 1.1rem; }
            section, .numbers div { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
            section { margin-top: 20px; padding: 20px 24px; }
            .numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(120px, 1fr)); gap: 12px;
              margin: 20px 0 0; }
            .numbers div { padding: 12px 14px; }
            .numbers dt { color: var(--soft); font-size: 0.85rem; }
            .numbers dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
            .legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 8px; padding: 0; list-style: none;
              font-size: 0.9rem; color: var(--soft); }
            .legend i { display: inline-block; width: 14px; height: 14px; margin-right: 7px; border-radius: 3px;
              vertical-align: -2px; }
            .legend i.stroke { height: 3px; vertical-align: 4px; }
            .legend i.upgrade, .legend i.failed { opacity: 0.35; }
            .c0 { fill: var(--c0); background: var(--c0); } .c1 { fill: var(--c1); background: var(--c1); }
            .c2 { fill: var(--c2); background: var(--c2); } .c3 { fill: var(--c3); background: var(--c3); }
            .c4 { fill: var(--c4); background: var(--c4); } .c5 { fill: var(--c5); background: var(--c5); }
            i.p99 { background: var(--p99); } i.max { background: var(--max); }
            i.upgrade { background: var(--upgrade); } i.failed { background: var(--failed); }
            svg { display: block; width: 100%; height: auto; font-family: inherit; }
            .grid { stroke: var(--rule); stroke-width: 1; }
            .tick { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
            .axis { fill: var(--soft); font-size: 13px; }
            .label { font-size: 14px; font-weight: 600; }
            .label.upgrade { fill: var(--ink); } .label.failed { fill: var(--failed); }
            .area { opacity: 0.88; }
            .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
            .line.p99 { stroke: var(--p99); } .line.max { stroke: var(--max); }
            .band { opacity: 0.14; } .band.upgrade { fill: var(--upgrade); } .band.failed { fill: var(--failed); }
            .mark { stroke-width: 1.5; stroke-dasharray: 5 4; }
            .mark.upgrade { stroke: var(--upgrade); } .mark.failed { stroke: var(--failed); }
            .hit { fill: transparent; } .hit:hover { fill: var(--soft); fill-opacity: 0.25; }
            .wide { overflow-x: auto; }
            table { width: 100%; border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
            th, td { padding: 8px 6px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
            th { color: var(--soft); font-weight: 600; }
            .text { text-align: left; }
            li { overflow-wrap: anywhere; }
            .notes dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 0; font-size: 0.92rem; }
            .notes dt { font-weight: 600; } .notes dd { margin: 0; color: var(--soft); }
            footer { margin-top: 16px; color: var(--soft); font-size: 0.85rem; }
            """;

    private ReportStyle() {}
}
