namespace Ips.SampleApp;

/// <summary>A release whose start ends with an exception, in one of the places where apps throw them.</summary>
internal sealed class BadStart : IHostedService
{
    /// <summary>Throws from <c>Main</c>, before the host is built.</summary>
    public static void ThrowIfMarked()
    {
        if (ReleaseFolder.Has(ReleaseFolder.ThrowsInMain)) throw Error("Main");
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (ReleaseFolder.Has(ReleaseFolder.ThrowsInStart)) throw Error("StartAsync");
        if (!ReleaseFolder.Has(ReleaseFolder.ThrowsOnThread)) return;
        new Thread(() => throw Error("a thread")).Start();
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken); // it ends with the process
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static InvalidOperationException Error(string place) =>
        new("the release throws", new IOException($"this is thrown by {place}\nand has a second line"));
}
