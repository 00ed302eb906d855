namespace Ips.Actors.Transport;

/// <summary>How far the move of connections to another generation has come. Written by <see cref="MoverActor"/>, read on every request; it
/// outlives a restart of the actor.</summary>
internal sealed class MoveProgress
{
    private int _moved;
    private int _onTheWay;
    private volatile bool _moving;
    private volatile bool _moveOver;

    /// <summary>While draining: connections that can leave for the other generation do, and are not told to close.</summary>
    public bool Moving
    {
        get => _moving && !_moveOver;
        set => _moving = value;
    }

    /// <summary>Nothing leaves from now on, even if <c>HttpFrontActor</c> learns of the move only now.</summary>
    public void EndMoving() => _moveOver = true;

    /// <summary>As before the first move.</summary>
    public void Reset()
    {
        (_moving, _moveOver) = (false, false);
        Moved = 0;
    }

    /// <summary>Connections that another generation has taken over.</summary>
    public int Moved
    {
        get => Volatile.Read(ref _moved);
        set => Volatile.Write(ref _moved, value);
    }

    /// <summary>Connections that have left Kestrel for another generation, which has not taken them yet.</summary>
    public int OnTheWay
    {
        get => Volatile.Read(ref _onTheWay);
        set => Volatile.Write(ref _onTheWay, value);
    }
}
