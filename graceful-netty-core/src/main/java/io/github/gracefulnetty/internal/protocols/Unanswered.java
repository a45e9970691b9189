// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.internal.protocols;

import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;

/** Those requests of an HTTP/1.1 connection that were begun and not answered to their end. On its event loop. */
final class Unanswered {
    private int count;
    private boolean reading;
    private boolean interim;
    private boolean tunnel;
    private boolean httpOver;
    private boolean ends;

    /** A message that the decoder has made. */
    void read(Object message) {
        // After nonsense the decoder drops whatever comes.
        ends |= message instanceof HttpObject object && object.decoderResult().isFailure();
        if (message instanceof HttpRequest request) {
            count++;
            reading = true;
            tunnel = request.method().equals(HttpMethod.CONNECT);
            ends |= !HttpUtil.isKeepAlive(request);
        }
        if (message instanceof LastHttpContent) {
            reading = false;
        }
    }

    /** A message for the encoder. */
    void written(Object message) {
        if (message instanceof HttpResponse response) {
            boolean switches = response.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
            HttpStatusClass kind = response.status().codeClass();
            interim = kind == HttpStatusClass.INFORMATIONAL && !switches;
            httpOver |= switches || (isTunnelNext() && kind == HttpStatusClass.SUCCESS);
            ends |= !HttpUtil.isKeepAlive(response);
        }
        if (message instanceof LastHttpContent) {
            count -= interim ? 0 : 1;
            interim = false;
        }
    }

    int count() {
        return count;
    }

    /** Whether the last request that was begun was not read to its end. */
    boolean isReading() {
        return reading;
    }

    /** Nothing may follow a {@code CONNECT} before it is answered: it is the last one. */
    boolean isTunnelNext() {
        return tunnel && count == 1;
    }

    /** Whether what follows is no HTTP. */
    boolean isHttpOver() {
        return httpOver;
    }

    /** Whether no other request can be answered here. */
    boolean isEnding() {
        return ends;
    }
}
