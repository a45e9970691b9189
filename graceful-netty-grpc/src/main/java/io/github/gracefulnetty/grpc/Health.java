// SPDX-License-Identifier: Apache-2.0
package io.github.gracefulnetty.grpc;

import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc.HealthImplBase;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** What the health service says while the server drains. Safe for use by several threads. */
final class Health {
    /** The server as a whole. */
    private static final String ALL = HealthStatusManager.SERVICE_NAME_ALL_SERVICES;

    private final HealthStatusManager manager;
    private final List<String> left = new ArrayList<>();

    Health(HealthStatusManager manager) {
        this.manager = manager;
    }

    /** What serves does not any more, for clients to go elsewhere. */
    synchronized void leave(Collection<ServerServiceDefinition> services) {
        List<String> names = new ArrayList<>(List.of(ALL));
        services.forEach(service -> names.add(service.getServiceDescriptor().getName()));
        names.removeIf(name -> !isServing(name));
        names.forEach(name -> manager.setStatus(name, ServingStatus.NOT_SERVING));
        left.addAll(names);
    }

    /** What served before does so again. */
    synchronized void comeBack() {
        left.forEach(name -> manager.setStatus(name, ServingStatus.SERVING));
        left.clear();
    }

    /** Nothing serves, for good. */
    synchronized void end() {
        manager.enterTerminalState();
    }

    private boolean isServing(String name) {
        AtomicBoolean serving = new AtomicBoolean();
        ((HealthImplBase) manager.getHealthService())
                .check(HealthCheckRequest.newBuilder().setService(name).build(), new StreamObserver<>() {
                    @Override
                    public void onNext(HealthCheckResponse response) {
                        serving.set(response.getStatus() == ServingStatus.SERVING);
                    }

                    @Override
                    public void onError(Throwable unknown) {
                        serving.set(false); // nobody has said anything of this service
                    }

                    @Override
                    public void onCompleted() {
                        // the answer was there before
                    }
                });
        return serving.get();
    }
}
