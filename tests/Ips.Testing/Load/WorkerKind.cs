namespace Ips.Testing.Load;

/// <summary>How a worker of the strict load uses its connection.</summary>
internal enum WorkerKind
{
    /// <summary>Opens a connection, asks once, closes it.</summary>
    OneShot,

    /// <summary>Keeps its connection and asks again as soon as it is answered.</summary>
    Busy,

    /// <summary>Keeps its connection and asks at a random interval.</summary>
    Idle,

    /// <summary>Keeps its connection and reads one slow chunked response after the other.</summary>
    Stream,

    /// <summary>Keeps its connection and sends one slow request body after the other.</summary>
    Upload,
}
