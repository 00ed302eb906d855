using Ips.Fleet.Rollouts;

namespace Ips.Fleet.Agents;

/// <summary>Does on this node what the steps of a rollout ask for, over the service's control socket.</summary>
internal interface IServiceDriver
{
    /// <summary>The service as of now; a service that cannot be asked is a view too.</summary>
    Task<ServiceView> LookAsync(CancellationToken cancellation);

    /// <summary>Checks the release: it lies on this node, would get ready, and (for a rollback) could be left again. Changes
    /// nothing.</summary>
    /// <param name="order">What is checked.</param>
    /// <param name="cancellation">The agent ends.</param>
    Task<StepState> CheckAsync(ServiceOrder order, CancellationToken cancellation);

    /// <summary>Reloads to the release, or returns to it. The same id again never starts a second reload: it gives the outcome of the
    /// first.</summary>
    /// <returns>Done, or failed; never an exception for what the service answers.</returns>
    /// <param name="order">What is started.</param>
    /// <param name="cancellation">The agent ends; the service carries on.</param>
    Task<StepState> ReloadAsync(ServiceOrder order, CancellationToken cancellation);

    /// <summary>Watches the service until the time is over.</summary>
    /// <returns>What is wrong with it, as soon as it is; null if it stayed healthy.</returns>
    /// <param name="until">When the bake ends.</param>
    /// <param name="cancellation">The agent ends.</param>
    Task<string?> BakeAsync(DateTimeOffset until, CancellationToken cancellation);
}

/// <summary>A step for one service.</summary>
/// <param name="Id">Names the request at the service.</param>
/// <param name="Kind">Check, reload or rollback.</param>
/// <param name="Release">The release to start; null for the one in place.</param>
/// <param name="Expects">The release that must serve now, or the order is refused; null for any.</param>
/// <param name="MustReturn">Of a check: refuse a service whose present release could not be started again by its name.</param>
internal sealed record ServiceOrder(string Id, StepKind Kind, string? Release, string? Expects, bool MustReturn = false);
