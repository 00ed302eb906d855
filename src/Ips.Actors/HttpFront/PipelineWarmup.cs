using System.Net;
using System.Net.Sockets;
using Ips.Actors.Configuration;
using Ips.Actors.Lifecycle;
using Ips.Actors.Posix;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.HttpFront;

/// <summary>Sends real requests through Kestrel and the whole app, over connections within the process, before the first check of the app's
/// health.</summary>
/// <remarks>The first request of a fresh process takes some thousand times as long as a warm one; here no client waits for it.</remarks>
internal sealed class PipelineWarmup(
    HandoverTransport transport, Func<IReadOnlyList<string>> urls, WarmupOptions options, IHealthProbe health, TimeProvider time,
        ILogger log) : IHealthProbe
{
    private const string Host = "localhost";
    private const int RequestsPerRound = 10;
    private const int SlowRoundsToEnd = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2); // the server has come to wait by then
    private const double Faster = 0.9; // a round counts as faster below this part of the best one

    private bool _warm;

    public async Task<ProbeResult> CheckAsync(CancellationToken cancellationToken)
    {
        if (!_warm && options.Timeout > TimeSpan.Zero && options.Requests.Count > 0)
        {
            using var deadline = new CancellationTokenSource(options.Timeout, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            if (await WarmAsync(both.Token).ConfigureAwait(false) is { } failure)
            {
                return ProbeResult.Of(failure);
            }

            _warm = true;
        }

        return await health.CheckAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<string?> WarmAsync(CancellationToken deadline)
    {
        var plain = FindPlain();
        if (plain.Count == 0)
        {
            log.WarmupSkipped(); // every endpoint speaks TLS, which a warm-up request does not
            return null;
        }

        var (start, first, rounds, slowRounds) = (time.GetTimestamp(), TimeSpan.Zero, 0, 0);
        var best = TimeSpan.MaxValue;
        try
        {
            var listener = await ChooseAsync(plain, deadline).ConfigureAwait(false);
            foreach (var target in options.Requests)
            {
                await AskAsync(listener, client => WarmupClient.GetTwiceAsync(client, target, Host, Pause, deadline)).ConfigureAwait(false);
            }

            while (slowRounds < SlowRoundsToEnd)
            {
                var began = time.GetTimestamp();
                for (var i = 0; i < RequestsPerRound; i++)
                {
                    foreach (var target in options.Requests)
                    {
                        var status = await AskAsync(listener, client => WarmupClient.GetAsync(client, target, Host, deadline))
                            .ConfigureAwait(false);
                        // 502 and 504 are said of a server behind this one: a gateway must start, and be replaced, while that is down.
                        if (status is >= 500 and not (StatusCodes.Status502BadGateway or StatusCodes.Status504GatewayTimeout))
                        {
                            return $"the warm-up request {target} was answered with {status} (ips.warmup.requests)";
                        }
                    }
                }

                var took = time.GetElapsedTime(began);
                (first, rounds) = (rounds == 0 ? took : first, rounds + 1);
                slowRounds = took < best * Faster ? 0 : slowRounds + 1;
                best = took < best ? took : best;
            }
        }
        catch (Exception e) when (deadline.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The time is over, and may have ended a request in the middle: as warm as it gets.
        }
        catch (IOException e)
        {
            return $"the warm-up failed: {e.Message}";
        }

        if (rounds == 0)
        {
            log.WarmupUnfinished(time.GetElapsedTime(start).TotalMilliseconds);
            return null;
        }

        log.WarmedUp((rounds * RequestsPerRound + 2) * options.Requests.Count, time.GetElapsedTime(start).TotalMilliseconds,
            first.TotalMilliseconds, best.TotalMilliseconds);
        return null;
    }

    private static async Task<int> AskAsync(HandoverListener listener, Func<Socket, Task<int>> ask)
    {
        // A real socket: the code of the transport is as cold as the app's, and its part of the first request would be the larger one.
        var (client, server) = StreamPair.Open();
        using (client)
        {
            return listener.TryDeliverWarmup(server)
                ? await ask(client).ConfigureAwait(false)
                : throw new IOException($"the endpoint {listener.EndPoint} is not bound any more");
        }
    }

    // One that speaks HTTP/2 only answers every request of HTTP/1.1 with 400, and its app sees none of them.
    private async Task<HandoverListener> ChooseAsync(IReadOnlyList<HandoverListener> plain, CancellationToken deadline)
    {
        foreach (var listener in plain.SkipLast(1))
        {
            if (await AskAsync(listener, client => WarmupClient.GetAsync(client, options.Requests[0], Host, deadline))
                .ConfigureAwait(false) != StatusCodes.Status400BadRequest)
            {
                return listener;
            }
        }

        return plain[^1];
    }

    private List<HandoverListener> FindPlain()
    {
        var secure = urls().Where(url => url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)).ToList();
        return [.. transport.Listeners.Where(listener => !secure
            .Exists(url => url.EndsWith(Suffix(listener.EndPoint), StringComparison.Ordinal)))];
    }

    private static string Suffix(EndPoint endPoint) => endPoint is IPEndPoint ip ? $":{ip.Port}" : $"unix:{endPoint}";
}
