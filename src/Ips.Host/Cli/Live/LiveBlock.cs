using Ips.Actors.Control;
using Ips.Actors.Diagnostics;
using Spectre.Console;

namespace Ips.Host.Cli.Live;

/// <summary>Draws a service on a terminal while something else is waited for.</summary>
internal static class LiveBlock
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether a stream is a terminal that a block can be drawn on.</summary>
    /// <param name="isRedirected">It is a file or a pipe.</param>
    /// <param name="term">The environment variable <c>TERM</c>.</param>
    public static bool CanDraw(bool isRedirected, string? term) => !isRedirected && !string.IsNullOrEmpty(term) && term != "dumb";

    /// <summary>The terminal behind standard output, or standard error; null if that is none that a block can be drawn on.</summary>
    /// <param name="error">Standard error.</param>
    public static IAnsiConsole? Terminal(bool error) =>
        CanDraw(error ? Console.IsErrorRedirected : Console.IsOutputRedirected, Environment.GetEnvironmentVariable("TERM"))
            ? On(error ? Console.Error : Console.Out) : null;

    // Its colours follow NO_COLOR.
    private static IAnsiConsole On(TextWriter writer) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });

    /// <summary>Shows one line, anew four times a second, until a task ends.</summary>
    public static Task WaitAsync(IAnsiConsole console, Func<string> line, Task until) =>
        WaitAsync(console, () => new Text(TerminalText.Line(line())) { Overflow = Overflow.Ellipsis }, until);

    /// <summary>Shows something, anew four times a second, until a task ends.</summary>
    public static async Task WaitAsync(IAnsiConsole console, Func<Spectre.Console.Rendering.IRenderable> content, Task until)
    {
        using var timer = new PeriodicTimer(s_interval);
        await console.Live(new Text("")).AutoClear(true).StartAsync(async live =>
        {
            while (!until.IsCompleted)
            {
                live.UpdateTarget(content());
                await Task.WhenAny(until, timer.WaitForNextTickAsync().AsTask());
            }
        });
    }

    /// <summary>Draws until a task ends or the snapshots do, and leaves nothing behind.</summary>
    /// <param name="console">Where.</param>
    /// <param name="snapshots">What is drawn.</param>
    /// <param name="until">What is waited for.</param>
    public static async Task DrawAsync(IAnsiConsole console, WatchFollower snapshots, Task until)
    {
        using var stop = new CancellationTokenSource();
        _ = until.ContinueWith(_ => stop.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        await console.Live(new Text("")).AutoClear(true).StartAsync(async live =>
        {
            try
            {
                await foreach (var snapshot in snapshots.FollowAsync(stop.Token)) live.UpdateTarget(LiveText.Draw(snapshot));
            }
            catch (Exception e) when (e is OperationCanceledException or ControlException or NotSupportedException)
            {
                // What is waited for says itself how it ends.
            }
        });
    }
}
