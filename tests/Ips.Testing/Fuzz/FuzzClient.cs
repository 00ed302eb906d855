using System.Net.Sockets;
using Ips.Testing.Load;

namespace Ips.Testing.Fuzz;

/// <summary>Carries a script out on a connection of its own, and notes what comes. It judges nothing.</summary>
internal sealed class FuzzClient : IDisposable
{
    private const int SlowWindowBytes = 4096;
    private const int SlowPieceBytes = 2048;
    private const int PieceBytes = 64 * 1024;

    private readonly FuzzScript _script;
    private readonly LoadTarget _target;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenSource _leaving = new();
    private readonly Lock _lock = new();
    private readonly List<FuzzAnswer> _answers = [];
    private TaskCompletionSource _progress = New();
    private int _continues; // ahead of the next answer
    private bool _told;
    private bool _inside;
    private (FuzzEnd End, string Detail)? _end;

    private FuzzClient(FuzzScript script, LoadTarget target, TimeSpan timeout)
    {
        (_script, _target) = (script, target);
        _socket = target.CreateSocket(script.ReadsSlowly ? SlowWindowBytes : null);
        _over = new CancellationTokenSource(timeout);
    }

    private bool IsOver => _end is not null;

    /// <summary>Carries it out.</summary>
    /// <param name="script">What to do.</param>
    /// <param name="target">Whom to do it to.</param>
    /// <param name="timeout">For all of it.</param>
    public static async Task<FuzzObservation> RunAsync(FuzzScript script, LoadTarget target, TimeSpan timeout)
    {
        using var client = new FuzzClient(script, target, timeout);
        return await client.RunAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _over.Dispose();
        _leaving.Dispose();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<FuzzObservation> RunAsync()
    {
        try
        {
            await _socket.ConnectAsync(_target.EndPoint, _over.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return new FuzzObservation([], e is SocketException ? FuzzEnd.ServerReset : FuzzEnd.TimedOut,
                Detail: $"no connection: {e.Message}");
        }

        var reading = ReadAsync();
        try
        {
            foreach (var step in _script.Steps)
            {
                if (IsOver || _told) break;
                await TakeAsync(step);
            }

            await LeaveAsync();
        }
        catch (SocketException e)
        {
            EndAs(FuzzEnd.ServerReset, $"sending: {e.SocketErrorCode}");
        }
        catch (OperationCanceledException)
        {
            EndAs(FuzzEnd.TimedOut, "");
        }

        await _leaving.CancelAsync();
        await reading;
        var (end, detail) = _end!.Value;
        return new FuzzObservation(_answers, end, _inside, detail);
    }

    private async Task TakeAsync(FuzzStep step)
    {
        switch (step)
        {
            case FuzzStep.Send send:
                for (var left = send.Bytes; left.Length > 0;) left = left[await _socket.SendAsync(left, SocketFlags.None, _over.Token)..];
                break;
            case FuzzStep.Pause pause:
                await PauseAsync(pause.Time);
                break;
            case FuzzStep.AwaitAnswers answers:
                await UntilAsync(() => _answers.Count >= answers.Count);
                break;
            case FuzzStep.AwaitContinue to:
                await UntilAsync(() => _answers.Count > to.Request || (_answers.Count == to.Request && _continues > 0));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step), step, "No such step.");
        }
    }

    private async Task LeaveAsync()
    {
        switch (_script.Ending)
        {
            case FuzzEnding.Resets:
                EndAs(FuzzEnd.ClientLeft, "");
                _socket.Close(timeout: 0);
                break;
            case FuzzEnding.SendsFin:
                if (!IsOver) _socket.Shutdown(SocketShutdown.Send);
                await UntilAsync(() => false); // the server's end
                break;
            default:
                await UntilAsync(() => _told || _answers.Count >= _script.Requests.Count);
                if (_told && !_script.OwesBody(_answers.Count - 1)) await UntilAsync(() => false);
                else await PauseAsync(_script.Quiet);
                EndAs(FuzzEnd.ClientLeft, "");
                break;
        }
    }

    /// <summary>Waits for the time, or until the server has ended it.</summary>
    private async Task PauseAsync(TimeSpan time)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        var over = UntilAsync(() => _told, pause.Token);
        await Task.WhenAny(over, Task.Delay(time, CancellationToken.None));
        await pause.CancelAsync();
        await over.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Token.ThrowIfCancellationRequested();
    }

    private Task UntilAsync(Func<bool> condition) => UntilAsync(condition, _over.Token);

    /// <summary>Waits for the condition, or until the connection has ended.</summary>
    private async Task UntilAsync(Func<bool> condition, CancellationToken stop)
    {
        while (true)
        {
            Task progress;
            lock (_lock)
            {
                if (IsOver || condition()) return;
                progress = _progress.Task;
            }

            await progress.WaitAsync(stop);
        }
    }

    private async Task ReadAsync()
    {
        using var body = new FuzzBody();
        var parser = new HttpMessageParser(HttpMessageKind.Response);
        parser.Begin(body);
        var buffer = new byte[_script.ReadsSlowly ? SlowPieceBytes : PieceBytes];
        try
        {
            while (true)
            {
                var count = await _socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, _leaving.Token);
                if (count == 0)
                {
                    EndAs(FuzzEnd.ServerFin, "");
                    return;
                }

                Take(buffer.AsSpan(0, count), parser, body);
                if (_script.ReadsSlowly) await Task.Delay(1, CancellationToken.None);
            }
        }
        catch (SocketException e)
        {
            EndAs(FuzzEnd.ServerReset, $"receiving: {e.SocketErrorCode}");
        }
        catch (ObjectDisposedException)
        {
            // The client's own reset.
        }
        catch (OperationCanceledException)
        {
            // The client has left.
        }
        catch (LoadFaultException e)
        {
            EndAs(FuzzEnd.Malformed, e.Message);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes, HttpMessageParser parser, FuzzBody body)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[parser.Feed(bytes)..];
            lock (_lock)
            {
                _inside = !parser.IsComplete;
                if (_inside) return;
                if (parser.Status == 100)
                {
                    _continues++;
                }
                else
                {
                    var start = body.Start;
                    _answers.Add(new FuzzAnswer(parser.Status, body.TakeDigest(), start, parser.Close, parser.Generation ?? 0, _continues));
                    _continues = 0;
                    _told |= parser.Close;
                }

                parser.Begin(body);
                Progress();
            }
        }
    }

    private void EndAs(FuzzEnd end, string detail)
    {
        lock (_lock)
        {
            _end ??= (end, detail);
            Progress();
        }
    }

    private void Progress()
    {
        _progress.TrySetResult();
        _progress = New();
    }
}
