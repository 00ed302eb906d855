using Microsoft.Extensions.Options;

namespace Ips.Actors.Configuration;

/// <summary>Validates <see cref="IpsOptions"/>, the nested options included, against <see cref="IpsKeys.All"/>, and lists every fault, each with its key.</summary>
internal sealed class IpsOptionsValidator : IValidateOptions<IpsOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, IpsOptions options)
    {
        var faults = IpsKeys.All.Check(options);
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
