namespace Ips.SampleApp;

/// <summary>
/// A job that must never run in two generations at once, as <see cref="IIpsGeneration"/> promises: between <c>OnPromoted</c> and
/// <c>OnDraining</c> it does <see cref="ExclusiveWork"/>. On with <c>--Sample:JobFolder=PATH</c>.
/// </summary>
internal sealed class ExclusiveJob : IHostedService, IDisposable
{
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
        _working = Task.Run(() => ExclusiveWork.RunAsync(folder, _generation.Number, stop), CancellationToken.None);
        return Task.CompletedTask;
    }

    // Returns when the job has ended, and not before: the next generation's begins then.
    private async Task EndAsync()
    {
        if (_stop is not { } stop) return;
        await stop.CancelAsync();
        await _working;
    }
}
