using Ips.Actors.Posix;

namespace Ips.Actors.Output;

/// <summary>What a predecessor does with its successor's stdout and stderr: they are pipes that it writes on to its own, and it keeps the
/// last lines.</summary>
/// <remarks>
/// The successor gets the read ends and our stdout and stderr as well, so it is as if it had inherited them: when we die, it puts the
/// streams in place and reads out the pipes itself, and a pipe without a reader, which kills a writer by SIGPIPE, never is.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class CapturedOutput : ISuccessorOutput
{
    // 3 is the handover channel's, in every build.
    private const int OutputTarget = 4, ErrorTarget = 5, OutputReadTarget = 6, ErrorReadTarget = 7;

    private readonly OutputPump _pump;
    private readonly int _outputWrite;
    private readonly int _errorWrite;

    private CapturedOutput((int Read, int Write) output, (int Read, int Write) error)
    {
        (_outputWrite, _errorWrite) = (output.Write, error.Write);
        Descriptors =
        [
            (_outputWrite, StandardStreams.Output), (_errorWrite, StandardStreams.Error),
            (StandardStreams.Output, OutputTarget), (StandardStreams.Error, ErrorTarget),
            (output.Read, OutputReadTarget), (error.Read, ErrorReadTarget),
        ];
        _pump = new OutputPump(output.Read, error.Read, budget: new OutputBudget());
    }

    /// <summary>What the environment variable says that tells the successor of its descriptors.</summary>
    public static string Variable => InheritedOutput.Encode(OutputTarget, ErrorTarget, OutputReadTarget, ErrorReadTarget);

    /// <summary>For the spawn: descriptors of ours, and their numbers in the successor.</summary>
    public IReadOnlyList<(int Fd, int TargetFd)> Descriptors { get; }

    /// <summary>Makes the pipes.</summary>
    /// <returns>Null if this process has no stdout or no stderr: then there is nothing that a successor could have inherited.</returns>
    /// <exception cref="PosixException">EMFILE, ENFILE: no descriptor is left.</exception>
    public static CapturedOutput? TryCreate()
    {
        if (!FileDescriptors.IsOpen(StandardStreams.Output) || !FileDescriptors.IsOpen(StandardStreams.Error)) return null;
        var output = Pipes.Create();
        try
        {
            return new CapturedOutput(output, Pipes.Create());
        }
        catch
        {
            FileDescriptors.Close(output.Read);
            FileDescriptors.Close(output.Write);
            throw;
        }
    }

    /// <summary>The successor was spawned: begins to read.</summary>
    public void Start()
    {
        CloseWriters();
        _pump.Start();
    }

    /// <summary>The successor could not be spawned.</summary>
    public void Abandon()
    {
        CloseWriters();
        _ = _pump.Stop();
    }

    public IReadOnlyList<string> Sync() => _pump.Sync();

    public (byte[] Output, byte[] Error) HandOver() => _pump.Stop();

    public void Limit(bool limited) => _pump.Limit(limited);

    public void Close() => _ = _pump.Stop();

    // Ours would keep the pipes from ever ending.
    private void CloseWriters()
    {
        FileDescriptors.Close(_outputWrite);
        FileDescriptors.Close(_errorWrite);
    }
}
