using System.Diagnostics;
using System.Runtime;
using Ips.Actors.Handover;
using Ips.Actors.HttpFront;

namespace Ips.Bench.Cost;

/// <summary>The app: what <c>dotnet new web</c> makes, with and without <c>AddIps()</c> as its only difference. With it, it can be
/// measured as during the probation of a successor.</summary>
internal static class CostApp
{
    private static readonly DateTime s_start = Process.GetCurrentProcess().StartTime;
    private static readonly List<Stamp> s_stamps = [];
    private static Timer? s_windows;

    public const string Plain = "plain", WithIps = "ips";

    public static void Run(string kind, string port, string pidFile)
    {
        Note("the runtime");
        var builder = WebApplication.CreateBuilder(
            ["--urls", $"http://127.0.0.1:{port}", "--Ips:PidFile", pidFile, "--Logging:LogLevel:Microsoft.AspNetCore", "Warning"]);
        Note("the builder");
        if (kind is not Plain)
        {
            builder.AddIps();
            Note("the line");
        }

        var app = builder.Build();
        app.MapGet("/ping", () => "pong\n");
        app.MapGet("/stamps", () => Stamps());
        app.MapGet("/allocations", AllocationTrace.Read);
        if (kind is not Plain)
            app.MapGet("/measured/{on}", (bool on, FrontState state) => Measure(state.Windows!, on));
        Note("the build");
        app.Lifetime.ApplicationStarted.Register(() => Note("the host's start"));
        app.Run();
    }

    // What a predecessor does with its own windows, but for the judge.
    private static bool Measure(WindowMeter meter, bool on)
    {
        s_windows?.Dispose();
        s_windows = null;
        meter.End();
        if (!on) return false;
        meter.Begin(routes: null);
        s_windows = new Timer(_ => meter.Take(), null, meter.UntilNext, WindowTerms.Length);
        return true;
    }

    // JIT work and processor time of the whole process, up to this request: it comes right after the first response.
    private static StartStamps Stamps() => new(
        [.. s_stamps], JitInfo.GetCompiledMethodCount(), JitInfo.GetCompilationTime().TotalMilliseconds,
        Process.GetCurrentProcess().TotalProcessorTime.TotalMilliseconds);

    private static void Note(string part) => s_stamps.Add(new Stamp(part, (DateTime.Now - s_start).TotalMilliseconds));
}

/// <summary>A part of the start has ended.</summary>
/// <param name="Part">Which.</param>
/// <param name="AtMs">When, after the process started.</param>
internal sealed record Stamp(string Part, double AtMs);

/// <summary>What a start took, as the app itself knows it.</summary>
/// <param name="Parts">Its parts in order.</param>
/// <param name="Methods">Methods that were compiled.</param>
/// <param name="JitMs">Time that this took.</param>
/// <param name="CpuMs">Processor time.</param>
internal sealed record StartStamps(IReadOnlyList<Stamp> Parts, long Methods, double JitMs, double CpuMs);
