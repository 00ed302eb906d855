using System.Threading.Channels;
using Ips.Actors.Handover;
using Ips.Actors.Reloader;

namespace Ips.Actors.Tests.Reloader;

/// <summary>Older generations without processes; an abort ends when the test says so.</summary>
internal sealed class FakeOlderGenerations : IOlderGenerations
{
    public List<GenerationEntry> Generations { get; } = [];

    /// <summary>The end of the wait for room; it is over at once unless a test says otherwise.</summary>
    public TaskCompletionSource Room { get; set; } = Ended();

    public Channel<(GenerationEntry Generation, TaskCompletionSource Aborted)> Aborting { get; } =
        Channel.CreateUnbounded<(GenerationEntry, TaskCompletionSource)>();

    public IReadOnlyList<GenerationEntry> Alive() => [.. Generations];

    public Task WaitForRoomAsync(int most, TimeSpan patience) => Room.Task;

    /// <summary>What was sent to all of them.</summary>
    public List<int> Signals { get; } = [];

    public void Signal(int signal) => Signals.Add(signal);

    public Task AbortAsync(GenerationEntry generation, TimeSpan patience)
    {
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Aborting.Writer.TryWrite((generation, aborted));
        return aborted.Task;
    }

    private static TaskCompletionSource Ended()
    {
        var ended = new TaskCompletionSource();
        ended.SetResult();
        return ended;
    }
}

/// <summary>A health URL that answers when the test says so.</summary>
internal sealed class FakeHealthUrl : IHealthUrl
{
    public Channel<TaskCompletionSource<string?>> Asked { get; } = Channel.CreateUnbounded<TaskCompletionSource<string?>>();

    public Task<string?> AskAsync()
    {
        var answer = new TaskCompletionSource<string?>();
        Asked.Writer.TryWrite(answer);
        return answer.Task;
    }

    /// <summary>Answers, and returns when the answer is in the mailbox of the actor that asked: away from the test's own context, what
    /// waits for the answer runs at once.</summary>
    public static Task AnswerAsync(TaskCompletionSource<string?> asked, string? fault) => Task.Run(() => asked.SetResult(fault));
}
