using Grpc.Core;

namespace Notes;

/// <summary>The service of notes.proto.</summary>
internal sealed class NoteBookService(NoteStore store) : NoteBook.NoteBookBase
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // A call that ends by itself needs nothing: it is answered by the generation that has begun it.
    public override Task<Note> Add(NewNote request, ServerCallContext context) => request.Id is ""
        ? throw new RpcException(new Status(StatusCode.InvalidArgument, "A note needs an id."))
        : Task.FromResult(store.Add(request));

    public override async Task Follow(FollowRequest request, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        // A stream that never ends would be cut at the drain deadline. This token says when the next generation has taken over.
        var leaving = context.GetHttpContext().IpsLeaving();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(leaving, context.CancellationToken);
        var after = request.After;
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                // From the store, and not from memory: the other generation may have added it.
                foreach (var note in store.After(after))
                {
                    await responseStream.WriteAsync(note, context.CancellationToken);
                    after = note.Number;
                }
            }
            while (await timer.WaitForNextTickAsync(over.Token));
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            // Between two notes. The code that clients know as "call again".
            throw new RpcException(new Status(StatusCode.Unavailable, "The next release serves; follow on after your last note."));
        }
    }
}
