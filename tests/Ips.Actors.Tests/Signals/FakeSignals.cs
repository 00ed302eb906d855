using Ips.Actors.Signals;

namespace Ips.Actors.Tests.Signals;

/// <summary>Signals that a test sends, in order, from any thread.</summary>
internal sealed class FakeSignals : ISignalSource
{
    private readonly Lock _gate = new();
    private readonly Queue<int> _waiting = new();
    private Action<int>? _subscriber;

    public bool HangupIgnored { get; set; }

    public int Subscriptions { get; private set; }

    public void Subscribe(Action<int> subscriber)
    {
        lock (_gate)
        {
            Subscriptions++;
            _subscriber = subscriber;
            while (_waiting.TryDequeue(out var signal))
            {
                subscriber(signal);
            }
        }
    }

    public void Send(int signal)
    {
        lock (_gate)
        {
            if (_subscriber is { } subscriber)
            {
                subscriber(signal);
            }
            else
            {
                _waiting.Enqueue(signal);
            }
        }
    }
}
