using System.Net;
using System.Text.RegularExpressions;
using Ips.Host.ProcessTests.AppKinds;
using Ips.Host.ProcessTests.Harness;
using Xunit.Abstractions;

namespace Ips.Host.ProcessTests.Samples;

/// <summary>samples/MvcLogin under a browser: its login, its session and its open forms outlive the process that made them.</summary>
[Collection(Waits.Name)]
public sealed partial class MvcLoginTests(ITestOutputHelper output) : SampleTest(output)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10); // the load of one browser

    [Fact]
    public async Task MvcLogin_ReloadedThreeTimes_LogsNobodyOutAndKeepsTheCart()
    {
        await using var app = await StartAsync("MvcLogin", "--Data", Path.Combine(Folder, "data"));
        using var handler = new SocketsHttpHandler { CookieContainer = new CookieContainer() };
        using var browser = new HttpClient(handler) { BaseAddress = new Uri($"http://127.0.0.1:{app.Place.Port}") };
        Assert.Contains("<h1>Log in</h1>", await PageAsync(browser, "/cart"), StringComparison.Ordinal); // nobody is logged in yet
        var page = await SendAsync(browser, "/account/login", await PageAsync(browser, "/account/login"),
            ("name", "ada"), ("password", "lovelace"), ("returnUrl", "/cart"));
        Assert.Contains("<h1>Cart of ada</h1>", page, StringComparison.Ordinal);
        page = await SendAsync(browser, "/cart/add", page, ("item", "item 1"));

        using var over = new CancellationTokenSource();
        var looks = LookAsync(app, handler.CookieContainer.GetCookieHeader(browser.BaseAddress), over.Token);
        await ReloadUnderLoadAsync(app, ["/", "/account/login"], async generation =>
        {
            // The form comes from the generation before, and its token is good here.
            page = await SendAsync(browser, "/cart/add", page, ("item", $"item {generation}"));
            Assert.Equal(Enumerable.Range(1, generation).Select(number => $"item {number}"), ItemsOf(page));
        });
        await over.CancelAsync();
        Output.WriteLine($"{await looks} looks at the cart on one connection");

        page = await SendAsync(browser, "/account/logout", page);
        Assert.Contains("Log in", page, StringComparison.Ordinal);
    }

    // One connection for all generations, and no second try: each answer is the cart, and nothing is ever missing from it.
    private static async Task<int> LookAsync(AppRun app, string cookies, CancellationToken over)
    {
        await using var connection = await HttpAsker.ConnectAsync(app.Target);
        var (looks, items) = (0, 0);
        while (!over.IsCancellationRequested)
        {
            var answer = await connection.AskAsync($"GET /cart\r\nCookie: {cookies}");
            Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
            Assert.Contains("<h1>Cart of ada</h1>", answer, StringComparison.Ordinal);
            var seen = ItemsOf(answer).Count;
            Assert.InRange(seen, Math.Max(items, 1), Reloads + 1);
            (looks, items) = (looks + 1, seen);
            await Task.Delay(LookInterval, CancellationToken.None);
        }

        return looks;
    }

    private static async Task<string> PageAsync(HttpClient browser, string path) =>
        await browser.GetStringAsync(new Uri(path, UriKind.Relative)).WaitAsync(Limits.Step);

    private static async Task<string> SendAsync(
        HttpClient browser, string path, string page, params (string Name, string Value)[] fields)
    {
        var token = Token().Match(page).Groups[1].Value;
        using var form = new FormUrlEncodedContent(
            [.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), new("__RequestVerificationToken", token)]);
        using var answer = await browser.PostAsync(new Uri(path, UriKind.Relative), form).WaitAsync(Limits.Step);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode); // after the redirect
        return await answer.Content.ReadAsStringAsync();
    }

    private static List<string> ItemsOf(string page) => [.. Item().Matches(page).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("name=\"__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"")]
    private static partial Regex Token();

    [GeneratedRegex("<li>([^<]+)</li>")]
    private static partial Regex Item();
}
