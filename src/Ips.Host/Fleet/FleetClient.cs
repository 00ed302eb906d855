using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ips.Actors.Control;
using Ips.Actors.Posix;
using Ips.Fleet.Agents;
using Ips.Fleet.Wire;
using Ips.Host.Cli;

namespace Ips.Host.Fleet;

/// <summary>Asks the agent of this node over its socket.</summary>
internal sealed class FleetClient : IDisposable
{
    private const int MostAnswerBytes = 8 * 1024 * 1024;

    private readonly HttpClient _http;
    private readonly string _socket;

    /// <param name="socketPath">The agent's socket.</param>
    internal FleetClient(string socketPath)
    {
        _socket = socketPath;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false })
        {
            BaseAddress = new Uri("http://agent"),
            Timeout = TimeSpan.FromSeconds(30),
            MaxResponseContentBufferSize = MostAnswerBytes,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>How the fleet stands.</summary>
    /// <exception cref="CliException">The agent or the coordinator does not answer.</exception>
    internal Task<FleetMessage.Answer> LookAsync(string fleet, CancellationToken cancellation) =>
        SendAsync(() => new HttpRequestMessage(HttpMethod.Get, $"/fleet?name={Uri.EscapeDataString(fleet)}"), cancellation);

    /// <summary>Begins a rollout.</summary>
    /// <exception cref="CliException">The agent or the coordinator does not answer.</exception>
    internal Task<FleetMessage.Answer> BeginAsync(FleetMessage.Begin begin, CancellationToken cancellation) =>
        PostAsync("/begin", begin, FleetJson.Default.Begin, cancellation);

    /// <summary>Changes what is wanted of the open rollout.</summary>
    /// <exception cref="CliException">The agent or the coordinator does not answer.</exception>
    internal Task<FleetMessage.Answer> SteerAsync(FleetMessage.Steer steer, CancellationToken cancellation) =>
        PostAsync("/steer", steer, FleetJson.Default.Steer, cancellation);

    /// <summary>Drops a node that does not come back.</summary>
    /// <exception cref="CliException">The agent or the coordinator does not answer.</exception>
    internal Task<FleetMessage.Answer> ForgetAsync(FleetMessage.Forget forget, CancellationToken cancellation) =>
        PostAsync("/forget", forget, FleetJson.Default.Forget, cancellation);

    private Task<FleetMessage.Answer> PostAsync<T>(string path, T body, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        SendAsync(() => new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, type) }, cancellation);

    private async Task<FleetMessage.Answer> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellation)
    {
        try
        {
            using var request = make();
            using var response = await _http.SendAsync(request, cancellation);
            if (!response.IsSuccessStatusCode)
                throw new CliException(CliExitCode.Failed, await response.Content.ReadAsStringAsync(cancellation));
            return await response.Content.ReadFromJsonAsync(FleetJson.Default.Answer, cancellation)
                ?? throw new JsonException("it is null");
        }
        catch (HttpRequestException e)
        {
            throw new CliException(CliExitCode.Failed, e.InnerException is ControlException inner
                ? $"{inner.Message} Is the agent running (ips agent)? --agent names its configuration."
                : $"The agent at {_socket} does not answer: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new CliException(CliExitCode.Failed, $"What the agent at {_socket} answered cannot be read: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new CliException(CliExitCode.Failed,
                $"The agent at {_socket} has not answered within {_http.Timeout.TotalSeconds:0} s.", e);
        }
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var opened = -1;
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(ControlClient.AddressOf(_socket, out opened)), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new ControlException(ControlFailure.NobodyListens, $"Nobody listens on {_socket} ({e.Message}).", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        finally
        {
            if (opened >= 0) FileDescriptors.Close(opened);
        }
    }
}
