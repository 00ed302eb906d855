namespace Ips.Actors.Configuration;

/// <summary>Validates <see cref="ReloadOptions"/> against <see cref="IpsKeys.Reload"/>.</summary>
internal sealed class ReloadOptionsValidator() : TableValidator<ReloadOptions>(IpsKeys.Reload);
