// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.gracefulnetty.ExitReport;
import io.github.gracefulnetty.Graceful;
import io.github.gracefulnetty.examples.functional.TestCertificate;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollEventLoopGroup;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class GracefulServerTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress("127.0.0.1", 0);
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EMPTY_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    private static final int GOAWAY = 7;
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Calls calls = new Calls("only", Duration.ZERO);
    private final Calls slow = new Calls("slow", Duration.ofSeconds(2));
    private final List<ManagedChannel> channels = new ArrayList<>();

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        calls.close();
        slow.close();
    }

    @Test
    void shouldCompleteCallsInFlightWhenStopped() throws Exception {
        Graceful graceful = graceful(LONG);
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(slow)
                .build()
                .start();
        graceful.ready().join();
        List<Future<String>> answers = callsInFlight(server, 20);
        ExitReport report = graceful.stop().join();
        assertThat(report.forced()).isZero();
        for (Future<String> answer : answers) {
            assertThat(answer.get()).isEqualTo("slow");
        }
    }

    @Test
    void shouldCompleteCallsInFlightWhileASuccessorAnswersNewOnes() throws Exception {
        Path handoff = directory.resolve("handoff");
        Graceful graceful =
                Graceful.builder().drainTimeout(LONG).handoffPath(handoff).build();
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(slow)
                .build()
                .start();
        graceful.ready().join();
        List<Future<String>> answers = callsInFlight(server, 20);

        Graceful next = Graceful.builder().handoffPath(handoff).build();
        Server successor = GracefulGrpc.forAddress(next, ANY_PORT)
                .addService(calls)
                .build()
                .start();
        assertThat(successor.getPort()).isEqualTo(port(server));
        next.ready().join();
        await().atMost(LONG)
                .until(() -> Calls.call(channel(successor)).get().equals("only")); // both accept for a moment
        for (Future<String> answer : answers) {
            assertThat(answer.get()).isEqualTo("slow");
        }
        assertThat(graceful.awaitExit().forced()).isZero();
        assertThat(Calls.call(channels.get(0)).get()).as("on a new connection").isEqualTo("only");
        next.stop().join();
    }

    @Test
    void shouldServeAgainWhenItsSuccessorGivesBack() throws Exception {
        Path handoff = directory.resolve("handoff");
        HealthStatusManager health = new HealthStatusManager();
        Graceful graceful = onProbation(handoff);
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(slow)
                .addService(health.getHealthService())
                .healthStatusManager(health)
                .build()
                .start();
        graceful.ready().join();
        List<Future<String>> answers = callsInFlight(server, 20);
        Graceful next = onProbation(handoff);
        GracefulGrpc.forAddress(next, ANY_PORT).addService(calls).build().start();
        next.ready().join();
        for (Future<String> answer : answers) {
            assertThat(answer.get()).isEqualTo("slow");
        }
        next.rollBack("for a test").join();
        next.awaitExit();
        assertThat(Calls.call(channel(server)).get()).isEqualTo("slow");
        assertThat(HealthGrpc.newBlockingStub(channel(server))
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
        graceful.stop().join();
        assertThat(server.isTerminated()).isTrue();
    }

    private static Graceful onProbation(Path handoff) {
        return Graceful.builder()
                .drainTimeout(LONG)
                .probation(LONG)
                .handoffPath(handoff)
                .build();
    }

    private List<Future<String>> callsInFlight(Server server, int number) {
        List<Future<String>> answers = new ArrayList<>();
        ManagedChannel channel = channel(server);
        for (int i = 0; i < number; i++) {
            answers.add(Calls.call(channel));
        }
        await().until(() -> slow.begun() == number);
        return answers;
    }

    @Test
    void shouldServeEachOfItsAddressesAndSoShouldASuccessor() throws Exception {
        Path handoff = directory.resolve("handoff");
        Path unix = directory.resolve("socket");
        Graceful graceful = Graceful.builder().handoffPath(handoff).build();
        Server server = onThreeAddresses(graceful, unix, calls);
        List<? extends SocketAddress> addresses = List.copyOf(server.getListenSockets());
        graceful.ready().join();
        assertThat(answers(addresses)).containsExactly("only", "only", "only");

        Graceful next = Graceful.builder().handoffPath(handoff).build();
        try (Calls others = new Calls("next", Duration.ZERO)) {
            Server successor = onThreeAddresses(next, unix, others);
            assertThat(List.<SocketAddress>copyOf(successor.getListenSockets()))
                    .containsExactlyInAnyOrderElementsOf(addresses);
            next.ready().join();
            channels.forEach(ManagedChannel::shutdown);
            graceful.awaitExit();
            assertThat(answers(addresses)).containsExactly("next", "next", "next");
            next.stop().join();
        }
        assertThat(unix).doesNotExist();
    }

    private static Server onThreeAddresses(Graceful graceful, Path unix, Calls calls) throws IOException {
        return GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addListenAddress(new DomainSocketAddress(unix.toString()))
                .addListenAddress(ANY_PORT)
                .addService(calls)
                .build()
                .start();
    }

    @Test
    void shouldServeAUnixSocketOnly() throws Exception {
        Graceful graceful = graceful(LONG);
        Server server = GracefulGrpc.forAddress(
                        graceful,
                        new DomainSocketAddress(directory.resolve("socket").toString()))
                .addService(calls)
                .build()
                .start();
        graceful.ready().join();
        assertThat(answers(server.getListenSockets())).containsExactly("only");
        graceful.stop().join();
    }

    @SuppressWarnings("deprecation") // the group that both Netty lines have
    private List<String> answers(List<? extends SocketAddress> addresses) throws Exception {
        EventLoopGroup loops = new EpollEventLoopGroup(1);
        List<String> answers = new ArrayList<>();
        for (SocketAddress address : addresses) {
            NettyChannelBuilder builder =
                    NettyChannelBuilder.forAddress(address).usePlaintext().disableRetry();
            if (address instanceof DomainSocketAddress) {
                builder.channelType(EpollDomainSocketChannel.class).eventLoopGroup(loops);
            }
            ManagedChannel channel = builder.build();
            answers.add(Calls.call(channel).get());
            channel.shutdown().awaitTermination(10, TimeUnit.SECONDS);
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        return answers;
    }

    @Test
    void shouldServeAndDrainTlsConnections() throws Exception {
        TestCertificate certificate = new TestCertificate(directory);
        Graceful graceful = graceful(LONG);
        Server server = tlsServer(graceful, certificate);
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .overrideAuthority("localhost")
                .sslContext(GrpcSslContexts.forClient()
                        .trustManager(certificate.certificate())
                        .build())
                .disableRetry()
                .build();
        channels.add(channel);
        assertThat(Calls.call(channel).get()).isEqualTo("only");
        assertThat(graceful.stop().join().forced()).isZero();
    }

    @Test
    void shouldLetATlsHandshakeThatHasNotBegunYetGetThroughBeforeItSaysGoodbye() throws Exception {
        Graceful graceful = graceful(LONG);
        CompletableFuture<Void> draining = new CompletableFuture<>();
        Server server = tlsServer(graceful, new TestCertificate(directory), draining);
        try (Socket plain = new Socket("127.0.0.1", server.getPort())) {
            awaitAccepted(server);
            CompletableFuture<ExitReport> exit = graceful.stop();
            draining.get();
            SSLSocket socket = (SSLSocket) trustingAnybody().getSocketFactory().createSocket(plain, "x", 1, true);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            socket.getOutputStream().write(PREFACE);
            socket.getOutputStream().write(EMPTY_SETTINGS);
            assertThat(framesUntil(GOAWAY, new DataInputStream(socket.getInputStream())))
                    .contains(GOAWAY);
            socket.close();
            exit.join();
        }
    }

    /** It has, when a connection that was made later has been answered. */
    private void awaitAccepted(Server server) throws Exception {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .overrideAuthority("localhost")
                .sslContext(GrpcSslContexts.forClient()
                        .trustManager(directory.resolve("CERTIFICATE.pem").toFile())
                        .build())
                .build();
        assertThat(Calls.call(channel).get()).isEqualTo("only");
        channel.shutdown().awaitTermination(10, TimeUnit.SECONDS);
    }

    private Server tlsServer(Graceful graceful, TestCertificate certificate) throws IOException {
        return tlsServer(graceful, certificate, new CompletableFuture<>());
    }

    private Server tlsServer(Graceful graceful, TestCertificate certificate, CompletableFuture<Void> draining)
            throws IOException {
        GracefulServerBuilder builder = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(calls)
                .useTransportSecurity(certificate.certificate(), certificate.key());
        Server server =
                builder.beforeGoAway(() -> draining.complete(null)).build().start();
        graceful.ready().join();
        return server;
    }

    private static SSLContext trustingAnybody() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
                null,
                new TrustManager[] {
                    new X509TrustManager() {
                        @Override
                        public void checkClientTrusted(X509Certificate[] chain, String type) {}

                        @Override
                        public void checkServerTrusted(X509Certificate[] chain, String type) {}

                        @Override
                        public X509Certificate[] getAcceptedIssuers() {
                            return new X509Certificate[0];
                        }
                    }
                },
                null);
        return context;
    }

    /** The types of the frames up to that one, or to the end. */
    private static List<Integer> framesUntil(int last, DataInputStream in) throws IOException {
        List<Integer> types = new ArrayList<>();
        while (!types.contains(last)) {
            int first = in.read();
            if (first < 0) {
                break;
            }
            int length = first << 16 | in.readUnsignedShort();
            types.add(in.readUnsignedByte());
            in.readFully(new byte[5 + length]);
        }
        return types;
    }

    @Test
    void shouldEndAtOnceWithoutOpenStreams() throws Exception {
        Graceful graceful = graceful(LONG);
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(calls)
                .build()
                .start();
        graceful.ready().join();
        for (int i = 0; i < 20; i++) {
            assertThat(Calls.call(channel(server)).get()).isEqualTo("only");
        }
        ExitReport report = graceful.stop().join();
        System.out.println("MEASURED drain of " + report.connections() + " idle connections: "
                + report.drainTook().toMillis() + " ms");
        assertThat(report.forced()).isZero();
        assertThat(server.isTerminated()).isTrue();
        await().until(() -> ((GracefulServer) server).boss().isTerminated());
    }

    @Test
    void shouldNotWaitLongerThanTheDrainTimeoutForASilentPeer() throws Exception {
        Graceful graceful = graceful(Duration.ofSeconds(1));
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(calls)
                .build()
                .start();
        graceful.ready().join();
        try (Socket silent = new Socket("127.0.0.1", server.getPort())) {
            OutputStream out = silent.getOutputStream();
            out.write(PREFACE);
            out.write(EMPTY_SETTINGS);
            assertThat(Calls.call(channel(server)).get()).as("accepted later").isEqualTo("only");
            ExitReport report = graceful.stop().join();
            System.out.println("MEASURED drain with a silent peer and a drain timeout of 1 s: "
                    + report.drainTook().toMillis() + " ms");
            assertThat(report.forced()).isEqualTo(1);
        }
    }

    @Test
    void shouldTellClientsThatStillNegotiateNothingAndEndAllTheSame() throws Exception {
        Graceful graceful = graceful(Duration.ofSeconds(2));
        Server server = tlsServer(graceful, new TestCertificate(directory));
        try (Socket silent = new Socket("127.0.0.1", server.getPort())) {
            awaitAccepted(server);
            graceful.stop().join();
            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(server.isTerminated()).isTrue();
    }

    @Test
    void shouldTellThoseWhoWatchItsHealthThatItServesNoLonger() throws Exception {
        Graceful graceful = graceful(LONG);
        HealthStatusManager health = new HealthStatusManager();
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(health.getHealthService())
                .healthStatusManager(health)
                .build()
                .start();
        graceful.ready().join();
        Queue<ServingStatus> seen = new ConcurrentLinkedQueue<>();
        ManagedChannel channel = channel(server);
        HealthGrpc.newStub(channel).watch(HealthCheckRequest.getDefaultInstance(), new StreamObserver<>() {
            @Override
            public void onNext(HealthCheckResponse response) {
                seen.add(response.getStatus());
            }

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onCompleted() {}
        });
        await().until(() -> seen.contains(ServingStatus.SERVING));
        CompletableFuture<ExitReport> exit = graceful.stop();
        await().until(() -> seen.contains(ServingStatus.NOT_SERVING));
        channel.shutdownNow(); // it has been watching long enough
        assertThat(exit.join().forced()).isZero();
    }

    @Test
    void shouldLetTheApplicationEndItsStreamsInTheDrain() throws Exception {
        Graceful graceful = graceful(LONG);
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(calls)
                .onDrain(() -> {
                    throw new IllegalStateException("thrown by a test");
                })
                .onDrain(calls::endStream)
                .build()
                .start();
        graceful.ready().join();
        Future<String> end = Calls.stream(channel(server));
        await().until(() -> calls.begun() == 1);
        assertThat(graceful.stop().join().forced()).isZero();
        assertThat(end.get()).isEmpty();
    }

    /** Else the drain would wait for its deadline. */
    @Test
    void shouldEndAlthoughTheApplicationThrowsAnErrorInTheDrain() throws Exception {
        Graceful graceful = graceful(LONG);
        CompletableFuture<Void> toldNext = new CompletableFuture<>();
        GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(calls)
                .onDrain(() -> {
                    throw new NoClassDefFoundError("as the test wants");
                })
                .onDrain(() -> toldNext.complete(null))
                .build()
                .start();
        graceful.ready().join();
        ExitReport report = graceful.stop().get(LONG.toSeconds() / 2, TimeUnit.SECONDS);
        assertThat(report.forced()).isZero();
        assertThat(toldNext).isDone();
    }

    @Test
    void shouldEndStreamsThatNobodyEndsAtTheDrainTimeout() throws Exception {
        Graceful graceful = graceful(Duration.ofMillis(500));
        Server server = GracefulGrpc.forAddress(graceful, ANY_PORT)
                .addService(calls)
                .build()
                .start();
        graceful.ready().join();
        Future<String> end = Calls.stream(channel(server));
        await().until(() -> calls.begun() == 1);
        assertThat(graceful.stop().join().forced()).isEqualTo(1);
        assertThat(end.get()).isNotEmpty();
    }

    @Test
    void shouldLeaveNothingBehindWhenItCannotBeBound() throws Exception {
        Graceful graceful = graceful(LONG);
        try (ServerSocket taken = new ServerSocket()) {
            taken.bind(ANY_PORT);
            GracefulServer server = (GracefulServer) GracefulGrpc.forAddress(graceful, taken.getLocalSocketAddress())
                    .build();
            assertThatThrownBy(server::start).isInstanceOf(IOException.class);
            await().until(() -> server.boss().isTerminated());
        }
        graceful.stop().join();
    }

    private static Graceful graceful(Duration drainTimeout) {
        return Graceful.builder().drainTimeout(drainTimeout).build();
    }

    private static int port(Server server) {
        return server.getPort();
    }

    private ManagedChannel channel(Server server) {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .disableRetry()
                .build();
        channels.add(channel);
        return channel;
    }
}
