using Ips.Actors.Transport;

namespace Ips.Actors.Listener;

/// <summary>The accept loops of a generation: one for all endpoints, and where some are the main process's alone, another for
/// those.</summary>
/// <param name="onError">Gets what goes wrong on a loop's thread.</param>
[SupportedOSPlatform("linux")]
internal sealed class ListenerLoops(Action<Exception> onError) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly AcceptLoop _all = Quiesced(onError);
    private AcceptLoop? _main;
    private bool _acceptsAsMain;

    /// <summary>The loop of an endpoint.</summary>
    /// <param name="mainOnly">Only the main process accepts there.</param>
    public AcceptLoop Of(bool mainOnly)
    {
        if (!mainOnly) return _all;
        lock (_gate)
        {
            if (_main is null)
            {
                _main = Quiesced(onError);
                if (_acceptsAsMain) _main.Resume();
            }

            return _main;
        }
    }

    /// <summary>Accepts at every endpoint that is not the main process's alone.</summary>
    public void Resume() => _all.Resume();

    /// <summary>Stops that; when it returns, nothing more is accepted there.</summary>
    public void Quiesce() => _all.Quiesce();

    /// <summary>Accepts at the endpoints that are the main process's alone, or returns when it no longer does. By any thread.</summary>
    public void AcceptAsMain(bool accept)
    {
        lock (_gate)
        {
            _acceptsAsMain = accept;
            if (accept) _main?.Resume();
            else _main?.Quiesce();
        }
    }

    public void Dispose()
    {
        _all.Dispose();
        lock (_gate) _main?.Dispose();
    }

    private static AcceptLoop Quiesced(Action<Exception> onError)
    {
        var loop = new AcceptLoop(onError);
        loop.Quiesce();
        return loop;
    }
}
