namespace Ips.Actors.Configuration;

/// <summary>Validates <see cref="DrainOptions"/> against <see cref="IpsKeys.Drain"/>.</summary>
internal sealed class DrainOptionsValidator() : TableValidator<DrainOptions>(IpsKeys.Drain);
