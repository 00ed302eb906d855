using Ips.Actors.Launch;

namespace Ips.Host.Cli;

/// <summary>Carries out the verbs. Each answers the exit code, see <see cref="CliExitCode"/>.</summary>
internal interface ICliActions
{
    /// <summary><c>ips run</c></summary>
    Task<int> RunAsync(RunCommand command, CancellationToken cancellation);

    /// <summary><c>ips supervise</c></summary>
    Task<int> SuperviseAsync(SuperviseCommand command, CancellationToken cancellation);

    /// <summary><c>ips start</c></summary>
    Task<int> StartAsync(StartCommand command, CancellationToken cancellation);

    /// <summary><c>ips check</c></summary>
    Task<int> CheckAsync(CheckCommand command, CancellationToken cancellation);

    /// <summary><c>ips doctor</c></summary>
    Task<int> DoctorAsync(DoctorCommand command, CancellationToken cancellation);

    /// <summary><c>ips reload</c></summary>
    Task<int> ReloadAsync(ReloadCommand command, CancellationToken cancellation);

    /// <summary><c>ips reload --fleet</c></summary>
    Task<int> RollOutAsync(RolloutCommand command, CancellationToken cancellation);

    /// <summary><c>ips deploy</c></summary>
    Task<int> DeployAsync(DeployCommand command, CancellationToken cancellation);

    /// <summary><c>ips rollback</c></summary>
    Task<int> RollbackAsync(RollbackCommand command, CancellationToken cancellation);

    /// <summary><c>ips pause</c> and <c>ips resume</c></summary>
    Task<int> PauseAsync(PauseCommand command, CancellationToken cancellation);

    /// <summary><c>ips stop</c></summary>
    Task<int> StopAsync(StopCommand command, CancellationToken cancellation);

    /// <summary><c>ips status</c></summary>
    Task<int> StatusAsync(StatusCommand command, CancellationToken cancellation);

    /// <summary><c>ips top</c></summary>
    Task<int> TopAsync(TopCommand command, CancellationToken cancellation);

    /// <summary><c>ips history</c></summary>
    Task<int> HistoryAsync(HistoryCommand command, CancellationToken cancellation);
}
