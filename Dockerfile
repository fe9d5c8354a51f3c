# syntax=docker/dockerfile:1
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w" -o /out/yardmaster . \
    && mkdir -p /out/data

# No shell and no package in it: the binary, CA certificates, time zones and a user without rights.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/yardmaster /usr/local/bin/yardmaster
COPY --from=build --chown=nonroot:nonroot /out/data /var/lib/yardmaster
USER nonroot
VOLUME /var/lib/yardmaster
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["yardmaster", "health"]
ENTRYPOINT ["yardmaster"]
CMD ["serve"]
