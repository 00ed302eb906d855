using System.IO.Pipelines;

namespace Ips.Actors.Transport;

/// <summary>
/// The input as Kestrel sees it. It knows which of Kestrel's reads is the first one for a new request (a boundary), whether a read waits
/// for bytes, and can hold a read at a boundary back. It never looks into the bytes.
/// </summary>
/// <remarks>
/// Kestrel has one read at a time, and calls from one logical thread; the receive loop is the only writer. What both touch is a count of
/// flushes: the receive loop raises <see cref="HandoverConnection.ReceiveEpoch"/> before it hands bytes over, and a read that has to wait
/// notes the count from before it began. Equal numbers mean: that read still waits, and not a byte has come since. So the common road takes
/// no lock.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class BoundaryReader(HandoverConnection connection, PipeReader inner) : PipeReader
{
    private bool _boundaryNext = true;
    private bool _examinedIsConsumed = true;
    private bool _heldResult;
    private long _boundaryEpoch = -1;
    private long _waitingEpoch = -1;
    private TaskCompletionSource<HeldRead>? _held;

    /// <summary>How a held read goes on.</summary>
    internal enum HeldRead
    {
        /// <summary>As if it had not been held.</summary>
        Resume,

        /// <summary>With the end of the input: the connection moves.</summary>
        End,

        /// <summary>As canceled: Kestrel asked for that.</summary>
        Cancel,
    }

    /// <summary>Whether somebody has read, or tried to.</summary>
    public bool WasRead { get; private set; }

    /// <summary>Whether the next request's first read waits and no byte of that request has come.</summary>
    public bool WaitsAtBoundary(long receiveEpoch) => Interlocked.Read(ref _boundaryEpoch) == receiveEpoch;

    /// <summary>Whether a read, at a boundary or not, waits for bytes.</summary>
    public bool Waits(long receiveEpoch) => Interlocked.Read(ref _waitingEpoch) == receiveEpoch;

    /// <summary>Takes a held read, so that nobody else lets it go on: whoever took it, sets its result.</summary>
    public TaskCompletionSource<HeldRead>? TakeHeld() => Interlocked.Exchange(ref _held, null);

    /// <summary>Whether nothing that was examined is still unconsumed; with nothing left to examine, the pipe is then empty.</summary>
    public bool IsEmpty => _examinedIsConsumed;

    /// <summary>The pipe behind; only for who took a held read.</summary>
    public PipeReader Inner => inner;

    public override string ToString() =>
        $"next read at boundary {_boundaryNext}, waits since {_waitingEpoch}, at boundary since {_boundaryEpoch}, held "
            + $"{_held is not null}, all examined consumed {_examinedIsConsumed}";

    /// <summary>The current request is over and its body's end was seen: Kestrel's next read is the next request's first.</summary>
    public void NextReadIsBoundary() => _boundaryNext = true;

    /// <summary>Lets a held read go on.</summary>
    /// <returns>False if none is held, or Kestrel canceled it first.</returns>
    public bool Release(HeldRead how) => TakeHeld()?.TrySetResult(how) ?? false;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        connection.IsBrokenInBody ? new ValueTask<ReadResult>(TheEnd())
        : _boundaryNext && connection.HoldsReads ? ReadHeldAsync(cancellationToken)
        : ReadNow(cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        WasRead = true;
        if (connection.IsBrokenInBody)
        {
            result = TheEnd();
            return true;
        }

        if (!inner.TryRead(out result)) return false;
        _boundaryNext = false;
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (_heldResult)
        {
            _heldResult = false; // that result had no bytes of the pipe's
            return;
        }
        _examinedIsConsumed = consumed.Equals(examined);
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead()
    {
        if (!Release(HeldRead.Cancel)) inner.CancelPendingRead();
    }

    public override void Complete(Exception? exception = null)
    {
        connection.KeepInput(inner);
        inner.Complete(exception);
    }

    private ValueTask<ReadResult> ReadNow(CancellationToken cancellationToken)
    {
        var boundary = _boundaryNext;
        _boundaryNext = false;
        WasRead = true;

        var epoch = connection.ReceiveEpoch;
        var read = inner.ReadAsync(cancellationToken);
        if (read.IsCompletedSuccessfully)
        {
            var result = read.Result;
            _boundaryNext = boundary && result is { IsCanceled: true, Buffer.IsEmpty: true }; // Kestrel saw nothing and will ask again
            return new ValueTask<ReadResult>(result);
        }
        if (read.IsCompleted) return read;

        // A read waits only when all bytes were examined. At a boundary they must all be consumed as well, or they would stay behind.
        if (boundary && _examinedIsConsumed) Volatile.Write(ref _boundaryEpoch, epoch);
        Interlocked.Exchange(ref _waitingEpoch, epoch); // a full fence: BeginMove sets IsMoving first and then looks at the epochs
        if (connection.IsMoving) connection.SignalMove();
        return read;
    }

    private ReadResult TheEnd()
    {
        _heldResult = true;
        return new ReadResult(default, isCanceled: false, isCompleted: true);
    }

    private async ValueTask<ReadResult> ReadHeldAsync(CancellationToken cancellationToken)
    {
        var held = new TaskCompletionSource<HeldRead>(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _held, held); // a full fence: who ends the move, or the gate's watch, says so first and then releases
        if (connection.HoldsReads)
            connection.SignalMove();
        else
            Release(HeldRead.Resume);

        HeldRead how;
        using (cancellationToken.UnsafeRegister(static reader => ((BoundaryReader)reader!).Release(HeldRead.Resume), this))
            how = await held.Task;
        if (how is HeldRead.Resume) return await ReadNow(cancellationToken);

        _heldResult = true;
        return new ReadResult(default, isCanceled: how is HeldRead.Cancel, isCompleted: how is HeldRead.End);
    }
}
