using Ips.Actors.Handover;

namespace Ips.Actors.Judging;

/// <summary>Whether a request of the successor takes more of the processor, or allocates more, than one of the predecessor at the same
/// time: by more than three tenths, and by more than what a canary has to do beside its requests. Pure.</summary>
internal sealed class CostComparison
{
    /// <summary>How many times as much is a little more.</summary>
    public const double Little = 1.3;

    private const int LeastRequests = 64; // of a bet

    // A share of the live connections is at the canary, and another share of the new ones: it may have more connections a request. One is
    // counted as so many requests, as it may have begun with a TLS handshake.
    private const int RequestsOfAConnection = 4;

    // Of a window: it takes connections over, and reports.
    private const long OtherUs = 2_000, OtherBytes = 128 * 1024;

    private Side _before, _after, _beforeAll, _afterAll;
    private PairedBets _processor, _memory;
    private int _windows;

    /// <summary>The evidence that it takes more of the processor.</summary>
    public double Processor => _processor.Value;

    /// <summary>The evidence that it allocates more.</summary>
    public double Memory => _memory.Value;

    /// <summary>Processor time of a request in ms.</summary>
    public (double Before, double After) ProcessorMs =>
        (_beforeAll.Us / 1000.0 / _beforeAll.Compiled, _afterAll.Us / 1000.0 / _afterAll.Compiled);

    /// <summary>Bytes that a request allocates.</summary>
    public (double Before, double After) AllocatedBytes =>
        ((double)_beforeAll.Bytes / _beforeAll.Requests, (double)_afterAll.Bytes / _afterAll.Requests);

    /// <summary>Adds the windows of one time.</summary>
    /// <param name="before">The predecessor's.</param>
    /// <param name="after">The successor's.</param>
    /// <param name="isCompiled">The successor has had its time to be compiled for speed: its processor time counts.</param>
    public void Add(WindowFrame before, WindowFrame after, bool isCompiled)
    {
        _before.Add(before, isCompiled);
        _after.Add(after, isCompiled);
        _windows++;
        if (Math.Min(_before.Requests, _after.Requests) < LeastRequests) return;

        var usual = Little * Math.Max(1, _after.Share / _before.Share) * _after.Requests / _before.Requests;
        if (isCompiled) _processor.Add(_after.Us > (usual * _before.Us) + (_windows * OtherUs));
        _memory.Add(_after.Bytes > (usual * _before.Bytes) + (_windows * OtherBytes));
        _beforeAll.Add(_before);
        _afterAll.Add(_after);
        (_before, _after, _windows) = (default, default, 0);
    }

    private struct Side
    {
        public long Requests, Compiled, Connections, Us, Bytes;

        /// <summary>What there is to do for a request, in requests.</summary>
        public readonly double Share => 1 + (RequestsOfAConnection * (double)Connections / Requests);

        public void Add(WindowFrame window, bool isCompiled)
        {
            var requests = window.Routes.Sum(route => (long)route.Requests);
            (Requests, Connections, Bytes) = (Requests + requests, Connections + window.Connections, Bytes + window.AllocatedBytes);
            if (isCompiled) (Compiled, Us) = (Compiled + requests, Us + window.ProcessorUs);
        }

        public void Add(Side more) => (Requests, Compiled, Connections, Us, Bytes) = (Requests + more.Requests, Compiled + more.Compiled,
            Connections + more.Connections, Us + more.Us, Bytes + more.Bytes);
    }
}
