using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Net.Client;

namespace Notes;

/// <summary>A client that misses no note: it knows the number of its last one, and follows on from there.</summary>
internal static class NotesClient
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>All notes after a number, and then each new one, whichever generation of the server tells it.</summary>
    /// <param name="client">The service.</param>
    /// <param name="after">The number of the last note that is known; 0 for none.</param>
    /// <param name="onResume">Called when a stream has ended and the next one is about to begin.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async IAsyncEnumerable<Note> FollowAsync(NoteBook.NoteBookClient client, long after,
        Action<RpcException?>? onResume = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var pause = TimeSpan.Zero; ; pause = Min(pause == TimeSpan.Zero ? FirstPause : 2 * pause, LongestPause))
        {
            await Task.Delay(pause, cancellationToken);
            using var call = client.Follow(new FollowRequest { After = after }, cancellationToken: cancellationToken);
            RpcException? end = null;
            while (true)
            {
                try
                {
                    if (!await call.ResponseStream.MoveNext(cancellationToken)) break;
                }
                catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable)
                {
                    end = e; // a reload, or a server that is away for a while
                    break;
                }

                after = call.ResponseStream.Current.Number;
                pause = TimeSpan.Zero;
                yield return call.ResponseStream.Current;
            }

            onResume?.Invoke(end);
        }
    }

    /// <summary>Runs a command line.</summary>
    public static async Task RunAsync(string[] args)
    {
        using var channel = GrpcChannel.ForAddress(args[1]);
        var client = new NoteBook.NoteBookClient(channel);
        if (args[0] == "add")
        {
            var note = await client.AddAsync(new NewNote { Id = $"{Guid.NewGuid()}", Text = args.ElementAtOrDefault(2) ?? "" });
            Console.WriteLine($"{note.Number} {note.Text}");
            return;
        }

        var after = args.Length > 2 ? long.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture) : 0;
        await foreach (var note in FollowAsync(client, after, end => Console.WriteLine($"resumed: {end?.Status.Detail}")))
            Console.WriteLine($"{note.Number} {note.Text}");
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
