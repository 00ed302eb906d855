# Builds the daemon and runs it as an unprivileged user. PID 1 is `ips run`, which there acts as a supervisor that stays across reloads:
#   docker build -t ips . && docker run -p 8080:8080 -v ips-data:/var/lib/ips ips
#   docker exec CONTAINER ips reload
# See docs/containers.md. The images are pinned by digest, so a moved tag changes nothing here; `docker buildx imagetools inspect IMAGE:TAG` shows a newer digest.
FROM mcr.microsoft.com/dotnet/sdk:10.0.401@sha256:e70cdb7f80b0348f5cb85f19a8f670fca061f033d57eed12fa003d58b0e06317 AS build
WORKDIR /source
COPY . .
# CI=true rejects packages whose hashes differ from the lock files.
RUN CI=true dotnet publish src/Ips.Host/Ips.Host.csproj -c Release -o /opt/ips -v quiet --nologo

FROM mcr.microsoft.com/dotnet/aspnet:10.0.12@sha256:222759b391a1aaf241166672c8f99b2d4ada452e7b5319f3c6e8f265a37b5ad4
# $APP_UID is the user `app` of the base image.
RUN mkdir /var/lib/ips && chown $APP_UID /var/lib/ips
COPY --from=build /opt/ips /opt/ips
RUN ln -s /opt/ips/ips /usr/local/bin/ips
USER $APP_UID
WORKDIR /var/lib/ips
VOLUME /var/lib/ips
EXPOSE 8080
STOPSIGNAL SIGTERM
# Queries the control socket, which answers as long as the lifecycle works, even while the daemon drains or is paused.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["ips", "status"]
ENTRYPOINT ["ips", "run"]
CMD ["--urls", "http://*:8080"]
