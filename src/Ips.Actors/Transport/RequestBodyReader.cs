using System.IO.Pipelines;

namespace Ips.Actors.Transport;

/// <summary>The request's body as a pipe. Its end is seen when the app has consumed all of a completed result.</summary>
internal sealed class RequestBodyReader(RequestBody body, PipeReader inner) : PipeReader
{
    private ReadResult _last;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var read = inner.ReadAsync(cancellationToken);
        if (!read.IsCompletedSuccessfully) return AwaitAsync(read);
        return new ValueTask<ReadResult>(Note(read.Result));
    }

    public override bool TryRead(out ReadResult result)
    {
        var any = inner.TryRead(out result);
        if (any) Note(result);
        return any;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var taken = _last.IsCompleted && !body.EndSeen && _last.Buffer.Slice(consumed).IsEmpty;
        _last = default;
        inner.AdvanceTo(consumed, examined);
        if (taken) body.EndSeen = true;
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private async ValueTask<ReadResult> AwaitAsync(ValueTask<ReadResult> read) => Note(await read);

    private ReadResult Note(in ReadResult result) => _last = result;
}
