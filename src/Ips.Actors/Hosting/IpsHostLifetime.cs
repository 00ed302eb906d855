using Microsoft.Extensions.Hosting;

namespace Ips.Actors.Hosting;

/// <summary>In place of the default <c>ConsoleLifetime</c>: signals come by SignalActor.</summary>
internal sealed class IpsHostLifetime : IHostLifetime
{
    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
