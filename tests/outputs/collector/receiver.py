"""Takes OTLP by gRPC and by HTTP, by the official definitions and the official gRPC, and writes each request as a line of JSON.

Its first line says at which ports it listens: {"grpc": 1, "http": 2}.
"""

import json
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc

OUT = open(sys.argv[1], "w", encoding="utf-8", buffering=1)
LOCK = threading.Lock()


def unknown(message):
    """Fields that the official definitions do not know: there must be none."""
    return message.SerializeToString() != type(message).FromString(message.SerializeToString()).SerializeToString()


def keep(signal, way, message, headers):
    line = {
        "signal": signal,
        "way": way,
        "headers": {key.lower(): str(value) for key, value in headers},
        "round_trip_differs": unknown(message),
        "message": MessageToDict(message),
    }
    with LOCK:
        OUT.write(json.dumps(line) + "\n")


class Traces(trace_grpc.TraceServiceServicer):
    def Export(self, request, context):
        keep("traces", "grpc", request, context.invocation_metadata())
        return trace.ExportTraceServiceResponse()


class Metrics(metrics_grpc.MetricsServiceServicer):
    def Export(self, request, context):
        keep("metrics", "grpc", request, context.invocation_metadata())
        return metrics.ExportMetricsServiceResponse()


class Logs(logs_grpc.LogsServiceServicer):
    def Export(self, request, context):
        keep("logs", "grpc", request, context.invocation_metadata())
        return logs.ExportLogsServiceResponse(
            partial_success=logs.ExportLogsPartialSuccess(rejected_log_records=1, error_message="one is too old")
        )


PATHS = {
    "/v1/traces": ("traces", trace.ExportTraceServiceRequest, trace.ExportTraceServiceResponse),
    "/v1/metrics": ("metrics", metrics.ExportMetricsServiceRequest, metrics.ExportMetricsServiceResponse),
    "/v1/logs": ("logs", logs.ExportLogsServiceRequest, logs.ExportLogsServiceResponse),
}


class Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        known = PATHS.get(self.path)
        is_protobuf = self.headers.get("content-type") == "application/x-protobuf"
        answer = b""
        if known and is_protobuf:
            signal, request, response = known
            keep(signal, "http", request.FromString(body), self.headers.items())
            answer = response().SerializeToString()
        self.send_response(200 if known and is_protobuf else 404)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    trace_grpc.add_TraceServiceServicer_to_server(Traces(), server)
    metrics_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
    logs_grpc.add_LogsServiceServicer_to_server(Logs(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    http = ThreadingHTTPServer(("127.0.0.1", 0), Http)
    print(json.dumps({"grpc": port, "http": http.server_address[1]}), flush=True)
    http.serve_forever()


main()
