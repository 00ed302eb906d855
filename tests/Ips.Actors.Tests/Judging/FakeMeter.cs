using Ips.Actors.Handover;
using Ips.Actors.Judging;

namespace Ips.Actors.Tests.Judging;

/// <summary>Measures what a test says.</summary>
internal sealed class FakeMeter : IWindowMeter
{
    private volatile bool _on;

    /// <summary>Makes the next window, given its index.</summary>
    public Func<long, WindowFrame> Make { get; set; } = index => WindowFeed.Window(index, 20) with { Connections = 10 };

    /// <summary>It measures.</summary>
    public bool IsOn => _on;

    /// <summary>The routes that it was given.</summary>
    public IReadOnlyList<string>? Routes { get; private set; }

    public long Index { get; private set; }

    public TimeSpan UntilNext => TimeSpan.FromMilliseconds(100);

    public void Begin(IReadOnlyList<string>? routes) => (_on, Routes) = (true, routes);

    public IReadOnlyList<string> NameRoutes() => ["GET /"];

    public WindowFrame? Take() => _on ? Make(++Index) : null;

    public void End() => _on = false;

    public JudgeTerms Terms() => new();
}
