using System.Globalization;
using Ips.Actors.Handover;
using Ips.Actors.Posix;

namespace Ips.Actors.Output;

/// <summary>A successor's stdout and stderr: pipes to the predecessor until this generation is promoted or on its own, then what the
/// predecessor had.</summary>
/// <remarks>Made once a process, before it can start children. See <see cref="CapturedOutput"/> for the other end.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class InheritedOutput
{
    private readonly Lock _gate = new();
    private readonly int _output;
    private readonly int _error;
    private readonly int _outputRead;
    private readonly int _errorRead;
    private bool _restored;
    private string? _fault;

    private InheritedOutput(int output, int error, int outputRead, int errorRead)
    {
        (_output, _error, _outputRead, _errorRead) = (output, error, outputRead, errorRead);
        (StandardStreams.FinalOutput, StandardStreams.FinalError) = (_output, _error);
    }

    /// <summary>Where stdout and stderr go once they are ours; null for what the predecessor had. Its path is opened anew then, as it may
    /// have been rotated.</summary>
    public string? LogFile { get; set; }

    /// <summary>The value of the environment variable for these descriptors.</summary>
    public static string Encode(params ReadOnlySpan<int> fds)
    {
        List<string> texts = [];
        foreach (var fd in fds) texts.Add(fd.ToString(CultureInfo.InvariantCulture));
        return string.Join(',', texts);
    }

    /// <summary>Takes the descriptors that the environment variable names.</summary>
    /// <param name="variable">Its value; null if there is none.</param>
    /// <returns>Null if stdout and stderr are this process's own.</returns>
    /// <exception cref="HandoverRefusedException">The value is not four descriptors that are open.</exception>
    public static InheritedOutput? Claim(string? variable)
    {
        if (variable is null) return null;
        int?[] fds = [.. variable.Split(',').Select(HandoverVariables.ToDescriptor)];
        return fds is [{ } output, { } error, { } outputRead, { } errorRead] ? new InheritedOutput(output, error, outputRead, errorRead)
            : throw new HandoverRefusedException(
                $"{HandoverVariables.OutputFds} is '{variable}'; it must be four open descriptors of 3 or more, with commas "
                + "between them");
    }

    /// <summary>Puts stdout and stderr in place, wherever this process refers to the pipes; from then on it reads the pipes itself, for
    /// children that hold them. Only the first call counts.</summary>
    /// <param name="outputPending">The beginning of a line of stdout that the predecessor has read already.</param>
    /// <param name="errorPending">The same for stderr.</param>
    public void Restore(ReadOnlySpan<byte> outputPending = default, ReadOnlySpan<byte> errorPending = default)
    {
        lock (_gate)
        {
            if (_restored) return;
            _restored = true;
            _fault = Place();
            ReplaceDuplicates(_outputRead, StandardStreams.Output);
            ReplaceDuplicates(_errorRead, StandardStreams.Error);
            var pump = new OutputPump(_outputRead, _errorRead, outputPending, errorPending);
            pump.Sync();
            pump.Start();
        }
    }

    /// <summary>Opens the log file anew by its path. Does nothing before <see cref="Restore"/>, which does it.</summary>
    /// <exception cref="IOException">The file cannot be opened; the streams are then unchanged.</exception>
    public void Reopen(string path)
    {
        lock (_gate)
        {
            if (_restored) StandardStreams.Redirect(path);
        }
    }

    /// <summary>Why the log file could not be opened, if so: what the predecessor had is used in its place. Told once.</summary>
    public string? TakeFault() => Interlocked.Exchange(ref _fault, null);

    private string? Place()
    {
        string? fault = null;
        try
        {
            if (LogFile is { } path) StandardStreams.Redirect(path);
            else PlaceInherited();
        }
        catch (IOException e) when (LogFile is not null)
        {
            PlaceInherited();
            fault = e.Message;
        }

        (StandardStreams.FinalOutput, StandardStreams.FinalError) = (StandardStreams.Output, StandardStreams.Error);
        FileDescriptors.Close(_output);
        FileDescriptors.Close(_error);
        return fault;
    }

    private void PlaceInherited()
    {
        FileDescriptors.Replace(StandardStreams.Output, _output);
        FileDescriptors.Replace(StandardStreams.Error, _error);
    }

    // .NET's console keeps duplicates of 1 and 2 from its first use on. They are open for the process's life, so their numbers stay theirs.
    private static void ReplaceDuplicates(int pipe, int stream)
    {
        foreach (var fd in Pipes.WritersOf(pipe)) FileDescriptors.ReplaceCloseOnExec(fd, stream);
    }
}
