using System.Diagnostics;
using System.Globalization;

namespace Ips.SampleApp;

/// <summary>
/// A job that must never run in two generations at once, as <see cref="IIpsGeneration"/> promises: between <c>OnPromoted</c> and
/// <c>OnDraining</c> it works in short turns. Each turn makes a file that must not be there, and ends with a line in this process's
/// journal: generation, begin and end by the monotonic clock.
/// </summary>
internal sealed class ExclusiveJob : IHostedService, IDisposable
{
    private const int FileExists = 17; // EEXIST, which is what .NET reports of open(2) with O_EXCL

    private static readonly TimeSpan s_turn = TimeSpan.FromMilliseconds(5);

    private readonly IIpsGeneration _generation;
    private readonly string? _folder;
    private readonly List<IDisposable> _registrations = [];
    private CancellationTokenSource? _stop;
    private Task _working = Task.CompletedTask;

    public ExclusiveJob(IIpsGeneration generation, IConfiguration configuration) =>
        (_generation, _folder) = (generation, configuration["Sample:JobFolder"]);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_folder is null) return Task.CompletedTask;
        _registrations.Add(_generation.OnPromoted(_ => Begin(_folder)));
        _registrations.Add(_generation.OnDraining(_ => EndAsync()));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => EndAsync();

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop?.Dispose();
    }

    private Task Begin(string folder)
    {
        _stop?.Dispose();
        _stop = new CancellationTokenSource();
        var stop = _stop.Token;
        _working = Task.Run(() => WorkAsync(folder, stop), CancellationToken.None);
        return Task.CompletedTask;
    }

    // Returns when the job has ended, and not before: the next generation's begins then.
    private async Task EndAsync()
    {
        if (_stop is not { } stop) return;
        await stop.CancelAsync();
        await _working;
    }

    private async Task WorkAsync(string folder, CancellationToken stop)
    {
        var (marker, journal) = (Path.Combine(folder, "running"), Path.Combine(folder, $"journal.{Environment.ProcessId}"));
        while (!stop.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            try
            {
                using var exclusive = new FileStream(marker, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1,
                    FileOptions.DeleteOnClose);
                await Task.Delay(s_turn, CancellationToken.None);
            }
            catch (IOException e) when (e.HResult == FileExists)
            {
                Append(journal, $"conflict {_generation.Number}");
                await Task.Delay(s_turn, CancellationToken.None);
                continue;
            }

            Append(journal, string.Create(CultureInfo.InvariantCulture, $"ran {_generation.Number} {begun} {Stopwatch.GetTimestamp()}"));
        }
    }

    private static void Append(string path, string line) => File.AppendAllText(path, line + "\n");
}
