// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCounted;

/**
 * A response of the application's that says {@code Connection: close}: as the application has made it, but for its headers,
 * which are a copy. The application may have shared them, or made them unchangeable. Not to be changed by anybody.
 */
@SuppressWarnings("InlineMeSuggester") // what is deprecated is not ours
class LastResponse implements HttpResponse {
    final HttpResponse response;
    private final HttpHeaders headers;

    private LastResponse(HttpResponse response) {
        this.response = response;
        this.headers = copy(response.headers()).set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }

    /**
     * It owns {@code response}, and is released like that.
     *
     * @param codec that will encode it: one that is not Netty's may know responses of a class that is not Netty's, either. Such a
     *     one says close itself, if it can be changed
     */
    static HttpResponse of(HttpResponse response, Http1Codec codec) {
        if (!codec.isOfNetty() && !isOfNetty(response) && saysClose(response)) {
            return response;
        }
        if (response instanceof FullHttpResponse full) {
            return new Full(full);
        }
        if (response instanceof LastHttpContent all) { // a type of the application's own
            LastResponse last = new LastResponse(response);
            return new DefaultFullHttpResponse(
                    response.protocolVersion(), response.status(), all.content(), last.headers, all.trailingHeaders());
        }
        return response instanceof HttpContent content
                ? new WithContent(response, content)
                : new LastResponse(response);
    }

    private static boolean isOfNetty(HttpResponse response) {
        return response.getClass().getPackage() == HttpResponse.class.getPackage();
    }

    private static boolean saysClose(HttpResponse response) {
        try {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            return true;
        } catch (Throwable t) { // a copy can still be changed
            return false;
        }
    }

    private static HttpHeaders copy(HttpHeaders headers) {
        HttpHeaders copy = headers.copy();
        return copy == headers ? new DefaultHttpHeaders().add(headers) : copy;
    }

    @Override
    public HttpHeaders headers() {
        return headers;
    }

    @Override
    public HttpResponseStatus status() {
        return response.status();
    }

    @Override
    public HttpVersion protocolVersion() {
        return response.protocolVersion();
    }

    @Override
    public DecoderResult decoderResult() {
        return response.decoderResult();
    }

    @Override
    @Deprecated
    public HttpResponseStatus getStatus() {
        return status();
    }

    @Override
    @Deprecated
    public HttpVersion getProtocolVersion() {
        return protocolVersion();
    }

    @Override
    @Deprecated
    public DecoderResult getDecoderResult() {
        return decoderResult();
    }

    @Override
    public HttpResponse setStatus(HttpResponseStatus status) {
        throw unchangeable();
    }

    @Override
    public HttpResponse setProtocolVersion(HttpVersion version) {
        throw unchangeable();
    }

    @Override
    public void setDecoderResult(DecoderResult result) {
        throw unchangeable();
    }

    private static UnsupportedOperationException unchangeable() {
        return new UnsupportedOperationException("it is on its way");
    }

    @Override
    public String toString() {
        return "last " + response;
    }

    /** With the first part of its content, or all of it. */
    private static class WithContent extends LastResponse implements HttpContent {
        private final HttpContent content;

        WithContent(HttpResponse response, HttpContent content) {
            super(response);
            this.content = content;
        }

        @Override
        public ByteBuf content() {
            return content.content();
        }

        @Override
        public int refCnt() {
            return content.refCnt();
        }

        @Override
        public boolean release() {
            return content.release();
        }

        @Override
        public boolean release(int decrement) {
            return content.release(decrement);
        }

        @Override
        public HttpContent retain() {
            content.retain();
            return this;
        }

        @Override
        public HttpContent retain(int increment) {
            content.retain(increment);
            return this;
        }

        @Override
        public HttpContent touch() {
            content.touch();
            return this;
        }

        @Override
        public HttpContent touch(Object hint) {
            content.touch(hint);
            return this;
        }

        @Override
        public HttpContent copy() {
            return replace(content().copy());
        }

        @Override
        public HttpContent duplicate() {
            return replace(content().duplicate());
        }

        @Override
        public HttpContent retainedDuplicate() {
            return replace(content().retainedDuplicate());
        }

        @Override
        public HttpContent replace(ByteBuf other) {
            return new WithContent(response, content.replace(other));
        }
    }

    private static final class Full extends LastResponse implements FullHttpResponse {
        private final FullHttpResponse full;

        Full(FullHttpResponse full) {
            super(full);
            this.full = full;
        }

        @Override
        public ByteBuf content() {
            return full.content();
        }

        @Override
        public HttpHeaders trailingHeaders() {
            return full.trailingHeaders();
        }

        @Override
        public int refCnt() {
            return full.refCnt();
        }

        @Override
        public boolean release() {
            return full.release();
        }

        @Override
        public boolean release(int decrement) {
            return full.release(decrement);
        }

        private Full with(ReferenceCounted same) {
            return same == full ? this : new Full((FullHttpResponse) same);
        }

        @Override
        public FullHttpResponse retain() {
            return with(full.retain());
        }

        @Override
        public FullHttpResponse retain(int increment) {
            return with(full.retain(increment));
        }

        @Override
        public FullHttpResponse touch() {
            return with(full.touch());
        }

        @Override
        public FullHttpResponse touch(Object hint) {
            return with(full.touch(hint));
        }

        @Override
        public FullHttpResponse copy() {
            return new Full(full.copy());
        }

        @Override
        public FullHttpResponse duplicate() {
            return new Full(full.duplicate());
        }

        @Override
        public FullHttpResponse retainedDuplicate() {
            return new Full(full.retainedDuplicate());
        }

        @Override
        public FullHttpResponse replace(ByteBuf content) {
            return new Full(full.replace(content));
        }

        @Override
        public FullHttpResponse setStatus(HttpResponseStatus status) {
            throw unchangeable();
        }

        @Override
        public FullHttpResponse setProtocolVersion(HttpVersion version) {
            throw unchangeable();
        }
    }
}
