using System.Net.Sockets;
using Ips.Actors.Configuration;
using Ips.Actors.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Ips.Actors.HttpFront;

/// <summary>Sends requests over connections within the process before this generation serves. They are answered before any code of the app,
/// except for the paths that the app has named, and in a successor its health endpoints.</summary>
/// <remarks>The first request of a fresh process takes some thousand times as long as a warm one; a client of a successor does not wait for
/// it. In a first generation only what the app has named is requested: its clients wait for the start itself.</remarks>
/// <param name="isSuccessor">A predecessor serves meanwhile.</param>
/// <param name="connections">Makes the connections.</param>
/// <param name="pipeline">The app.</param>
/// <param name="contexts">Makes what the app sees of a request.</param>
/// <param name="urls">The addresses that the app serves.</param>
/// <param name="healthPaths">The app's own health endpoints, as far as they are to be asked.</param>
/// <param name="options">The paths that the app has named, and the limit.</param>
/// <param name="time">The clock.</param>
/// <param name="log">For the log.</param>
[SupportedOSPlatform("linux")]
internal sealed class AppWarmup(
    bool isSuccessor, HandoverConnectionFactory connections, AppPipeline pipeline, IHttpContextFactory contexts,
    Func<IReadOnlyList<string>> urls, Func<IReadOnlyList<string>> healthPaths, WarmupOptions options, TimeProvider time, ILogger log)
    : IWarmup
{
    private const string Host = "localhost";
    private const string OwnPath = "/";
    private const int DefaultPort = 80;
    private const int RequestsPerRound = 10;
    private const int SlowRoundsToEnd = 3;
    private const double Faster = 0.9; // a round counts as faster below this part of the best one
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2); // the server has come to wait by then

    private bool _begun, _namedAsked, _done;
    private int _requests, _ownRequests;

    public async Task<string?> WarmAsync(CancellationToken cancellationToken)
    {
        if (_done || options.Timeout == TimeSpan.Zero || (!isSuccessor && options.Requests.Count == 0)) return null;
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var start = time.GetTimestamp();
        (_requests, _ownRequests) = (0, 0);
        try
        {
            var addresses = urls().Select(url => Uri.TryCreate(url, UriKind.Absolute, out var address) ? address : null)
                .OfType<Uri>().ToList();
            var secure = addresses.Exists(address => address.Scheme == Uri.UriSchemeHttps);
            var application = new WarmupApplication(contexts, secure ? Uri.UriSchemeHttps : Uri.UriSchemeHttp);
            var port = addresses is [var first, ..] ? first.Port : DefaultPort;
            await using var server = await WarmupServer.StartAsync(connections, application, port, deadline.Token).ConfigureAwait(false);
            var fault = await WarmAsync(server, application, deadline.Token).ConfigureAwait(false);
            if (fault is not null) return fault;
            _done = true;
            log.WarmedUp(time.GetElapsedTime(start).TotalMilliseconds, _requests, _requests - _ownRequests);
            return null;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // As warm as it gets.
            _done = true;
            var took = time.GetElapsedTime(start).TotalMilliseconds;
            if (_namedAsked) log.WarmedUp(took, _requests, _requests - _ownRequests);
            else log.WarmupUnfinished(took);
            return null;
        }
        catch (Exception e)
        {
            _done = true;
            log.WarmupFailed(e.Message); // of ours, and no reason not to serve
            return null;
        }
        finally
        {
            _begun = true;
        }
    }

    private async Task<string?> WarmAsync(WarmupServer server, WarmupApplication application, CancellationToken deadline)
    {
        var again = _begun;
        if (!again && isSuccessor)
        {
            await AskTwiceAsync(server, OwnPath, deadline).ConfigureAwait(false);
            await RepeatAsync(async () =>
            {
                await AskAsync(server, OwnPath, deadline).ConfigureAwait(false);
                return null;
            }).ConfigureAwait(false);
        }

        _ownRequests = _requests;
        application.Pipeline = pipeline.Serve;
        if (application.Pipeline is null) return null;
        if (options.Requests.Count > 0)
        {
            var fault = again ? await AskNamedAsync(server, application, deadline).ConfigureAwait(false)
                : await WarmNamedAsync(server, application, deadline).ConfigureAwait(false);
            if (fault is not null) return fault;
        }

        _namedAsked = true;
        if (!again && isSuccessor)
        {
            foreach (var path in healthPaths()) await AskHealthAsync(server, path, deadline).ConfigureAwait(false);
        }

        return null;
    }

    private async Task<string?> WarmNamedAsync(WarmupServer server, WarmupApplication application, CancellationToken deadline)
    {
        foreach (var path in options.Requests)
        {
            var status = await TryAskAsync(() => AskTwiceAsync(server, path, deadline), deadline).ConfigureAwait(false);
            if (FaultOf(path, status, application) is { } fault) return fault;
        }

        _namedAsked = true;
        return await RepeatAsync(() => AskNamedAsync(server, application, deadline)).ConfigureAwait(false);
    }

    private async Task<string?> AskNamedAsync(WarmupServer server, WarmupApplication application, CancellationToken deadline)
    {
        foreach (var path in options.Requests)
        {
            var status = await TryAskAsync(() => AskAsync(server, path, deadline), deadline).ConfigureAwait(false);
            if (FaultOf(path, status, application) is { } fault) return fault;
        }

        return null;
    }

    // 502 and 504 are said of a server behind this one: a gateway must start, and be replaced, while that is down.
    private static string? FaultOf(string path, (int Status, string? Failure) answer, WarmupApplication application)
    {
        var thrown = application.TakeThrown();
        if (answer.Failure is { } failure) return failure;
        return answer.Status is >= 500 and not (StatusCodes.Status502BadGateway or StatusCodes.Status504GatewayTimeout)
            ? $"the warm-up request {path} was answered with {answer.Status} (ips.warmup.requests)"
                + (thrown is null ? "" : $": {thrown.GetBaseException().Message}")
            : null;
    }

    // The app may end the connection instead of answering.
    private static async Task<(int Status, string? Failure)> TryAskAsync(Func<Task<int>> ask, CancellationToken deadline)
    {
        try
        {
            return (await ask().ConfigureAwait(false), null);
        }
        catch (IOException e) when (!deadline.IsCancellationRequested)
        {
            return (0, e.Message.TrimEnd('.'));
        }
        catch (IOException e)
        {
            throw new OperationCanceledException(e.Message, e, deadline); // the time is over, and has ended the request in the middle
        }
    }

    // What they answer now says nothing: the health checks are asked afterwards, and for longer.
    private async Task AskHealthAsync(WarmupServer server, string path, CancellationToken deadline) =>
        _ = await TryAskAsync(() => AskTwiceAsync(server, path, deadline), deadline).ConfigureAwait(false);

    // Until further rounds are no faster.
    private async Task<string?> RepeatAsync(Func<Task<string?>> ask)
    {
        var (best, slowRounds) = (TimeSpan.MaxValue, 0);
        while (slowRounds < SlowRoundsToEnd)
        {
            var began = time.GetTimestamp();
            for (var i = 0; i < RequestsPerRound; i++)
            {
                if (await ask().ConfigureAwait(false) is { } fault) return fault;
            }

            var took = time.GetElapsedTime(began);
            slowRounds = took < best * Faster ? 0 : slowRounds + 1;
            best = took < best ? took : best;
        }

        return null;
    }

    private Task<int> AskTwiceAsync(WarmupServer server, string path, CancellationToken deadline) =>
        AskAsync(server, 2, client => WarmupClient.GetTwiceAsync(client, path, Host, Pause, deadline));

    private Task<int> AskAsync(WarmupServer server, string path, CancellationToken deadline) =>
        AskAsync(server, 1, client => WarmupClient.GetAsync(client, path, Host, deadline));

    private async Task<int> AskAsync(WarmupServer server, int count, Func<Socket, Task<int>> ask)
    {
        _requests += count;
        using var client = server.Connect();
        return await ask(client).ConfigureAwait(false);
    }
}
