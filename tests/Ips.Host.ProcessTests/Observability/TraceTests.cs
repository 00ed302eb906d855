using Ips.Actors.Diagnostics;
using Ips.Host.ProcessTests.Harness;
using Ips.Testing.Processes;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Observability;

/// <summary>One trace for a reload, with the spans of both processes, as a collector gets it.</summary>
[Collection(Waits.Name)]
[Trait("issue", "16")]
public sealed class TraceTests(ITestOutputHelper output) : ProcessTest(output)
{
    private const string Pipeline = "0af7651916cd43dd8448eb211c80319c", Step = "b7ad6b7169203331";

    [Fact]
    public async Task Reload_WithinATraceOfADeployPipeline_IsOneTraceOfBothProcesses()
    {
        await using var receiver = await TraceReceiver.StartAsync(FreePort.Next());
        var service = await StartAsync(new ServiceSettings(ServiceKind.Daemon)
        {
            Probation = TimeSpan.FromSeconds(1), HealthInterval = TimeSpan.FromSeconds(1),
            Environment = new Dictionary<string, string?>
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = receiver.Endpoint, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            },
        });
        var reload = await IpsCommand.RunProgramAsync(
            service.Processes, null, "/usr/bin/env", $"TRACEPARENT=00-{Pipeline}-{Step}-01", Binaries.IpsPath, "reload", "--pid-file",
            service.PidFile);
        Assert.Equal(0, reload.ExitCode);
        string[] expected =
        [
            "ips.generation.probation", "ips.generation.start", "ips.generation.warm_up", "ips.reload", "ips.reload.probation",
            "ips.reload.serve", "ips.reload.spawn", "ips.reload.start", "ips.reload.warm_up",
        ];
        await Eventually.TrueAsync(() => OfReload(receiver).Count >= expected.Length, "the spans of both processes");

        var spans = OfReload(receiver);
        Assert.Equal(expected, spans.Select(span => span.Name).Order(StringComparer.Ordinal));
        Assert.All(spans, span => Assert.Equal(Pipeline, span.TraceId));
        var root = spans.Single(span => span.Name == "ips.reload");
        Assert.Equal(Step, root.ParentId);
        Assert.All(spans.Where(span => span != root), span => Assert.Equal(root.SpanId, span.ParentId));
        Assert.DoesNotContain(spans, span => span.Failed);
        var successor = spans.Where(span => span.Name.StartsWith("ips.generation", StringComparison.Ordinal))
            .Select(span => span.Instance).Distinct().ToList();
        Assert.Single(successor);
        Assert.NotEqual(root.Instance, successor[0]);

        // By a signal it is a trace of its own; one that is rolled back says why.
        var (main, mark) = (service.MainPid, service.Log.Mark);
        service.Signal(ProcessTable.SigUsr2);
        var bad = await service.Log.WaitForAsync(e => e.Id == EventIds.AcceptingStarted && e.Pid != main, "a successor that accepts", mark);
        ProcessTable.Signal(bad.Pid, ProcessTable.SigKill);
        await Eventually.TrueAsync(() => OfReload(receiver).Count(span => span.Name == "ips.reload") == 2, "the span of the second reload");
        var failed = OfReload(receiver).Single(span => span.Name == "ips.reload" && span != root);
        Assert.NotEqual(Pipeline, failed.TraceId);
        Assert.Equal("", failed.ParentId);
        Assert.True(failed.Failed);
        Assert.Contains("SIGKILL", failed.Status, StringComparison.Ordinal);
    }

    private static List<ReceivedSpan> OfReload(TraceReceiver receiver) =>
        [.. receiver.Spans.Where(span => span.Name.StartsWith("ips.", StringComparison.Ordinal))];
}
