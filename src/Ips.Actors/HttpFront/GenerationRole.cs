using System.Collections.Immutable;
using System.Net;
using Ips.Actors.Handover;
using Ips.Actors.Launch;
using Ips.Actors.Transport;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.HttpFront;

/// <summary>The app's handlers for the turns of its life, called by <see cref="HttpFrontActor"/>.</summary>
internal sealed class GenerationRole(GenerationContext generation, ILogger log) : IIpsGeneration
{
    /// <summary>Time that <c>OnDraining</c> handlers get before a promotion goes on without them.</summary>
    public static readonly TimeSpan HandlerTimeout = TimeSpan.FromSeconds(10);

    private readonly HandlerList _serving = new();
    private readonly HandlerList _promoted = new();
    private readonly HandlerList _draining = new();
    private readonly HandlerList _releasing = new();
    private readonly Lock _gate = new();
    private Task _turns = Task.CompletedTask;
    private volatile bool _isPrimary;

    /// <summary>The clock of <see cref="HandlerTimeout"/>.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Opens a listening socket of the app's own.</summary>
    internal Func<EndPoint, int?, CancellationToken, Task<IIpsListener>> Listening { get; init; } = PlainListener.OpenAsync;

    public int Number => generation.Number;

    public bool IsPrimary => _isPrimary;

    public IDisposable OnServing(Func<CancellationToken, Task> handler) => _serving.Add(handler);

    public IDisposable OnPromoted(Func<CancellationToken, Task> handler) => _promoted.Add(handler);

    public IDisposable OnDraining(Func<CancellationToken, Task> handler) => _draining.Add(handler);

    public IDisposable OnReleasing(Func<CancellationToken, Task> handler) => _releasing.Add(handler);

    public Task<IIpsListener> ListenAsync(EndPoint endPoint, int? backlog = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        if (backlog is { } length) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length, nameof(backlog));
        return Listening(endPoint, backlog, cancellationToken);
    }

    public void TellSuccessor(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        if (name.Length > FrameRules.MaxNameLength)
            throw new ArgumentException($"The name has {name.Length} characters; at most {FrameRules.MaxNameLength} are allowed.",
                nameof(name));
        if (value.Length > FrameRules.MaxTextLength)
            throw new ArgumentException($"The value has {value.Length} characters; at most {FrameRules.MaxTextLength} are allowed.",
                nameof(value));
        lock (_gate)
        {
            if (generation.Facts.Count >= FrameRules.MaxFacts && !generation.Facts.ContainsKey(name))
                throw new ArgumentException($"{FrameRules.MaxFacts} facts are kept already; more are not allowed.", nameof(name));
            generation.Facts[name] = value;
        }
    }

    /// <summary>Runs the serving handlers.</summary>
    public Task ServeAsync() => TakeTurn(() => RunAsync(_serving, nameof(OnServing)));

    /// <summary>Becomes primary, then runs the handlers; nothing if it is primary.</summary>
    public Task PromoteAsync() => TakeTurn(() =>
    {
        if (_isPrimary)
        {
            return Task.CompletedTask;
        }

        _isPrimary = true;
        return RunAsync(_promoted, nameof(OnPromoted));
    });

    /// <summary>Stops being primary, then runs the handlers; nothing if it is not primary. Completes when they have ended, also those of a
    /// call before.</summary>
    public Task DrainAsync() => TakeTurn(() =>
    {
        if (!_isPrimary)
        {
            return Task.CompletedTask;
        }

        _isPrimary = false;
        return RunAsync(_draining, nameof(OnDraining));
    });

    /// <summary>Runs the releasing handlers.</summary>
    public Task ReleaseAsync() => TakeTurn(() => RunAsync(_releasing, nameof(OnReleasing)));

    // One turn at a time: a handler that still stops a worker must have ended before another starts it again, and before the successor's
    // does.
    private Task TakeTurn(Func<Task> turn)
    {
        lock (_gate)
        {
            return _turns = AfterAsync(_turns, turn);
        }
    }

    private static async Task AfterAsync(Task before, Func<Task> turn)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await turn().ConfigureAwait(false);
    }

    // A handler is the app's code: it may throw, or never end, and neither may stop a handover.
    private async Task RunAsync(HandlerList handlers, string turn)
    {
        using var deadline = new CancellationTokenSource(HandlerTimeout, Time);
        var running = handlers.Snapshot.Select(handler => RunOneAsync(handler, turn, deadline.Token)).ToList();
        try
        {
            await Task.WhenAll(running).WaitAsync(HandlerTimeout, Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            log.RoleHandlerSlow(turn, HandlerTimeout.TotalSeconds);
        }
    }

    private async Task RunOneAsync(Func<CancellationToken, Task> handler, string turn, CancellationToken cancellationToken)
    {
        try
        {
            await handler(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            log.RoleHandlerFailed(e, turn);
        }
    }

    private sealed class HandlerList
    {
        private ImmutableList<Func<CancellationToken, Task>> _handlers = [];

        public IReadOnlyList<Func<CancellationToken, Task>> Snapshot => _handlers;

        public Registration Add(Func<CancellationToken, Task> handler)
        {
            ArgumentNullException.ThrowIfNull(handler);
            ImmutableInterlocked.Update(ref _handlers, list => list.Add(handler));
            return new Registration(() => ImmutableInterlocked.Update(ref _handlers, list => list.Remove(handler)));
        }
    }

    private sealed class Registration(Action remove) : IDisposable
    {
        public void Dispose() => remove();
    }
}
