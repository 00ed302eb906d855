using System.Globalization;

namespace Ips.Actors.Reloader;

/// <summary>Asks a URL over a connection of its own each time: one that was kept would still lead to the predecessor.</summary>
/// <param name="url">An absolute http or https URL. Any status from 200 to 399 is good; redirects are not followed.</param>
/// <param name="timeout">Limit of the whole answer.</param>
internal sealed class HealthUrlClient(Uri url, TimeSpan timeout) : IHealthUrl
{
    private const int MaxAnswerBytes = 64 * 1024;

    public async Task<string?> AskAsync()
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false };
        using var client = new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = MaxAnswerBytes };
        try
        {
            using var answer = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead).ConfigureAwait(false);
            var status = (int)answer.StatusCode;
            return status is >= 200 and < 400 ? null : string.Create(CultureInfo.InvariantCulture, $"it answered {status}");
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
        catch (TaskCanceledException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"no answer within {timeout.TotalSeconds:0.###} s");
        }
    }
}
