namespace Ips.Actors.Signals;

/// <summary>Where signals come from.</summary>
internal interface ISignalSource
{
    /// <summary>SIGHUP was ignored when the process started, as nohup asks, and stays so.</summary>
    bool HangupIgnored { get; }

    /// <summary>Delivers what waits and what comes to <paramref name="subscriber"/>, instead of to the one before.</summary>
    void Subscribe(Action<int> subscriber);
}
