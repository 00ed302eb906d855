using System.IO.Pipes;
using Ips.Actors.Posix;

namespace Ips.Transport.Tests.Posix;

/// <summary>A spawned process whose output is read to its end.</summary>
internal sealed class Child : IAsyncDisposable
{
    private readonly AnonymousPipeServerStream _input = new(PipeDirection.Out, HandleInheritability.None);
    private readonly AnonymousPipeServerStream _output = new(PipeDirection.In, HandleInheritability.None);
    private readonly Task<ProcessExit> _exit;

    private Child(SpawnRequest request)
    {
        try
        {
            var stdin = (int)_input.ClientSafePipeHandle.DangerousGetHandle();
            var stdout = (int)_output.ClientSafePipeHandle.DangerousGetHandle();
            Pid = Spawn.Start(request with { Descriptors = [.. request.Descriptors, (stdin, 0), (stdout, 1)] });
        }
        catch
        {
            _input.Dispose();
            _output.Dispose();
            throw;
        }

        _input.DisposeLocalCopyOfClientHandle();
        _output.DisposeLocalCopyOfClientHandle();
        _exit = Processes.WaitAsync(Pid, CancellationToken.None);
    }

    internal int Pid { get; }

    internal Stream Input => _input;

    internal Stream Output => _output;

    internal static SpawnRequest Request(string program, params string[] arguments) =>
        new(program, [program, .. arguments], new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" }, null, [], false);

    internal static SpawnRequest Shell(string script) => Request("/bin/sh", "-c", script);

    internal static Child Start(SpawnRequest request) => new(request);

    /// <summary>Runs to the end.</summary>
    internal static async Task<byte[]> OutputOfAsync(SpawnRequest request)
    {
        await using var child = Start(request);
        var (bytes, exit) = await child.EndAsync();
        Assert.Equal(new ProcessExit(0, 0), exit);
        return bytes;
    }

    internal static async Task<string> TextOfAsync(SpawnRequest request) =>
        System.Text.Encoding.UTF8.GetString(await OutputOfAsync(request));

    /// <summary>Closes its input and waits for its end.</summary>
    internal async Task<(byte[] Output, ProcessExit Exit)> EndAsync()
    {
        _input.Dispose();
        var bytes = new MemoryStream();
        await _output.CopyToAsync(bytes).WaitAsync(Fds.Bound);
        return (bytes.ToArray(), await _exit.WaitAsync(Fds.Bound));
    }

    public async ValueTask DisposeAsync()
    {
        _input.Dispose();
        if (!_exit.IsCompleted) Processes.TrySignal(Pid, SignalNumbers.SIGKILL);
        await _exit.WaitAsync(Fds.Bound);
        _output.Dispose();
    }
}
