namespace Ips.Actors.Configuration;

/// <summary>Validates <see cref="IpsOptions"/>, the nested options included, against <see cref="IpsKeys.All"/>.</summary>
internal sealed class IpsOptionsValidator() : TableValidator<IpsOptions>(IpsKeys.All);
