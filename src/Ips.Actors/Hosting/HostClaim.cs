using Ips.Actors.Launch;
using Ips.Actors.Signals;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;

namespace Ips.Actors.Hosting;

/// <summary>The one host of this process that Ips serves: signals, the handover and the PID file belong to a process.</summary>
internal sealed class HostClaim : IDisposable
{
    private static HostClaim? s_owner;
    private readonly Lazy<string?> _inertReason;

    /// <summary>A host whose server is known once the container is built.</summary>
    /// <param name="services">The host's container.</param>
    /// <param name="known">What is known so far.</param>
    public HostClaim(IServiceProvider services, HostFacts known) => _inertReason = new Lazy<string?>(() => Decide(services, known));

    /// <summary>A host of which it is known already.</summary>
    /// <param name="reason">Why Ips is inert; null where it works.</param>
    public HostClaim(string? reason) => _inertReason = new Lazy<string?>(reason);

    /// <summary>Why Ips does nothing in this host; null where it works. The server is resolved at the first call.</summary>
    /// <exception cref="InvalidOperationException">Another host of this process has Ips.</exception>
    public string? InertReason => _inertReason.Value;

    public void Dispose() => Interlocked.CompareExchange(ref s_owner, null, this);

    private string? Decide(IServiceProvider services, HostFacts known)
    {
        var reason = HostFit.InertReason(known with { Server = services.GetService<IServer>()?.GetType().FullName ?? "" });
        if (reason is null && Interlocked.CompareExchange(ref s_owner, this, null) is { } owner && owner != this)
        {
            if (!HostFit.IsTestProcess)
                throw new InvalidOperationException(
                    "AddIps() was called for two hosts of one process, and only one can be handed over. Call it for one of them; to "
                    + "serve a second port, such as an admin port, let that host listen on it too (Kestrel:Endpoints, ConfigureKestrel).");
            return HostFit.InertReason(known with { Server = null, IsSecondTestHost = true });
        }

        if (reason is not null)
        {
            services.GetService<IpsActorSystem>()?.Dispose();
            Undo();
        }

        return reason;
    }

    /// <summary>Undoes what <c>AddIps()</c> did to the process before it was known that Ips is inert, unless another host has
    /// it.</summary>
    public static void Undo()
    {
        if (Volatile.Read(ref s_owner) is not null || !OperatingSystem.IsLinux()) return;
        ProcessSignals.Unregister();
        GenerationStart.ReturnManager();
    }
}
