using System.Globalization;

namespace Ips.Testing.Fuzz;

/// <summary>All that one client of the fuzz does, made of a seed and its number alone. No I/O.</summary>
internal sealed class FuzzScript
{
    private const int RequestsMax = 9;
    private const int PieceBytesMax = 30_000;
    private const int LongPauseMsMax = 1200; // spans a reload

    private readonly List<FuzzStep> _steps = [];
    private readonly List<FuzzRequest> _requests = [];
    private readonly List<byte> _unsent = [];
    private readonly Random _random;

    private FuzzScript(int seed, int number)
    {
        Number = number;
        _random = new Random(unchecked((seed * 1_000_003) + number));
    }

    /// <summary>Which one it is of its run.</summary>
    public int Number { get; }

    /// <summary>What the client does, in order.</summary>
    public IReadOnlyList<FuzzStep> Steps => _steps;

    /// <summary>The requests, in order; a half one is not among them.</summary>
    public IReadOnlyList<FuzzRequest> Requests => _requests;

    /// <summary>The request that is sent in part only.</summary>
    public FuzzRequest? Half { get; private set; }

    /// <summary>How the client leaves.</summary>
    public FuzzEnding Ending { get; private set; }

    /// <summary>Whether the client left before it had sent everything.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Time for which the client looks whether anything follows the last answer.</summary>
    public TimeSpan Quiet { get; private set; }

    /// <summary>Whether the client reads in small pieces, with pauses, through a small window: answers are cut by a reload.</summary>
    public bool ReadsSlowly { get; private set; }

    /// <summary>
    /// Whether a client need not wait for the FIN after this request's answer announced the close: its body may not be sent yet, and
    /// Kestrel waits for that (5 s, then it resets), so the client has to leave first.
    /// </summary>
    public bool OwesBody(int request) => _requests[request].LeavesBodyUnread;

    /// <summary>Makes the script of a client.</summary>
    public static FuzzScript Make(int seed, int number)
    {
        var script = new FuzzScript(seed, number);
        script.Fill();
        return script;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var steps = _steps.Select(step => step switch
        {
            FuzzStep.Send send => $"send {send.Bytes.Length}",
            FuzzStep.Pause pause => $"pause {pause.Time.TotalMilliseconds:0} ms",
            FuzzStep.AwaitAnswers answers => $"await answer {answers.Count}",
            FuzzStep.AwaitContinue to => $"await 100 of {to.Request}",
            _ => step.ToString(),
        });
        var requests = _requests
            .Select(request => $"{System.Text.Encoding.ASCII.GetString(request.Head).Split("\r\n")[0]} ({request.Kind}, "
            + $"{request.Head.Length}+{request.Body.Length})");
        return string.Create(CultureInfo.InvariantCulture,
            $"connection {Number}, {Ending}{(IsCut ? " before all was sent" : "")}: "
                + $"{string.Join("; ", requests)}{(Half is null ? "" : $"; half of {Half.Id}")}: {string.Join(", ", steps)}");
    }

    private void Fill()
    {
        Ending = _random.Next(20) switch
        {
            0 => FuzzEnding.AsksClose,
            1 or 2 => FuzzEnding.HalfRequest,
            3 => FuzzEnding.KeepsBody,
            4 => FuzzEnding.Resets,
            5 => FuzzEnding.SendsFin,
            _ => FuzzEnding.ReadsAll,
        };
        ReadsSlowly = _random.Next(8) == 0;
        Quiet = TimeSpan.FromMilliseconds(_random.Next(4) == 0 ? _random.Next(LongPauseMsMax) : _random.Next(20));
        if (_random.Next(3) == 0) LongPause(); // silent at first
        for (var left = _random.Next(1, RequestsMax + 1); left > 0; left--) Ask(isLast: left == 1);
        if (Ending is FuzzEnding.HalfRequest) AskHalf();
        SendUnsent();
        if (Ending is FuzzEnding.Resets or FuzzEnding.SendsFin && _random.Next(2) == 0)
        {
            var kept = _random.Next(_steps.Count + 1);
            IsCut = _steps.Skip(kept).OfType<FuzzStep.Send>().Any();
            _steps.RemoveRange(kept, _steps.Count - kept);
        }
    }

    private void Ask(bool isLast)
    {
        var number = _requests.Count;
        var request = FuzzRequest.Make($"{Number}-{number}", _random, isLast && Ending is FuzzEnding.AsksClose, isLast
            && Ending is FuzzEnding.KeepsBody);
        _requests.Add(request);
        _unsent.AddRange(request.Head);
        if (request.Expect is FuzzExpect.Waits)
        {
            SendUnsent();
            _steps.Add(new FuzzStep.AwaitContinue(number));
        }

        if (request.Expect is not FuzzExpect.NeverSends) _unsent.AddRange(request.Body);
        if (_random.Next(3) > 0) return; // the next one is pipelined
        SendUnsent();
        if (_random.Next(4) > 0) _steps.Add(new FuzzStep.AwaitAnswers(number + 1));
        if (_random.Next(3) == 0) LongPause();
    }

    private void AskHalf()
    {
        Half = FuzzRequest.Make($"{Number}-half", _random, isHalf: true);
        byte[] whole = [.. Half.Head, .. Half.Expect is FuzzExpect.Waits ? [] : Half.Body];
        _unsent.AddRange(whole.AsSpan(0, _random.Next(1, whole.Length)));
    }

    /// <summary>Cuts what is to be sent anywhere, or nowhere.</summary>
    private void SendUnsent()
    {
        byte[] bytes = [.. _unsent];
        _unsent.Clear();
        var inOne = _random.Next(4) == 0;
        for (var at = 0; at < bytes.Length;)
        {
            var length = inOne ? bytes.Length : Math.Min(bytes.Length - at,
                _random.Next(4) == 0 ? _random.Next(1, 12) : _random.Next(1, PieceBytesMax));
            _steps.Add(new FuzzStep.Send(bytes.AsMemory(at, length)));
            at += length;
            switch (_random.Next(8))
            {
                case 0 when _random.Next(2) == 0:
                    LongPause();
                    break;
                case 1 or 2:
                    _steps.Add(new FuzzStep.Pause(TimeSpan.FromMilliseconds(_random.Next(1, 30))));
                    break;
            }
        }
    }

    private void LongPause() => _steps.Add(new FuzzStep.Pause(TimeSpan.FromMilliseconds(_random.Next(100, LongPauseMsMax))));
}
