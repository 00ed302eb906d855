using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Tests.Judging;

/// <summary>Feeds a judge with windows of both generations, as a test says.</summary>
internal sealed class WindowFeed(JudgeMachine judge)
{
    private long _index;
    private bool _seen;

    /// <summary>Both have so many requests a window, and what else a test says of one of the two.</summary>
    /// <param name="count">How many windows.</param>
    /// <param name="requests">Requests of each.</param>
    /// <param name="before">Changes the predecessor's.</param>
    /// <param name="after">Changes the successor's.</param>
    /// <param name="connections">New connections of each, in the first window.</param>
    public void Pass(
        int count, int requests = 20, Func<WindowFrame, WindowFrame>? before = null, Func<WindowFrame, WindowFrame>? after = null,
        int connections = 50)
    {
        for (; count > 0; count--)
        {
            _index++;
            var window = Window(_index, requests) with { Connections = _seen ? 0 : connections };
            _seen = true;
            judge.Before(before?.Invoke(window) ?? window);
            judge.After(after?.Invoke(window) ?? window);
        }
    }

    /// <summary>The next step begins with the next window.</summary>
    public void Step(double share) => judge.Step(_index, share);

    /// <summary>A window of one route.</summary>
    public static WindowFrame Window(long index, int requests, string route = "GET /", double ms = 4) => new(
        index, requests, 0, 1000, 1000, [0, 0, 0, 0, 0],
        requests == 0 ? [] : [new(route, requests, 0, 0, [LatencyScale.BucketOf(ms / 1000), requests])]);

    /// <summary>Requests fail, one for each of these connections.</summary>
    public static Func<WindowFrame, WindowFrame> Failing(params long[] connections) => window => window with
    {
        Routes = [window.Routes[0] with { Errors = connections.Length }],
        Failures = [.. connections.GroupBy(connection => connection)
            .Select(group => new ConnectionFailures(group.Key, 0, group.Count()))],
    };

    /// <summary>Requests take so long.</summary>
    public static Func<WindowFrame, WindowFrame> Taking(double ms) => window =>
        window with { Routes = [window.Routes[0] with { Latency = [LatencyScale.BucketOf(ms / 1000), window.Routes[0].Requests] }] };

    /// <summary>Requests of these connections pass the age of 1 s.</summary>
    public static Func<WindowFrame, WindowFrame> Hanging(params long[] connections) => window =>
        window with { Overdue = connections, Running = [0, connections.Length, 0, 0, 0] };
}
