using Microsoft.Extensions.Options;

namespace Ips.Host.Api;

/// <summary>Reports everything that is wrong with <see cref="AccessLogOptions"/> at once.</summary>
internal sealed class AccessLogOptionsValidator : IValidateOptions<AccessLogOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, AccessLogOptions options)
    {
        List<string> errors = [];
        if (!Enum.IsDefined(options.Format))
            errors.Add($"ips.access-log.format is {options.Format}; it must be off, common or json.");
        if (options.BufferLines is < 16 or > 1_000_000)
            errors.Add($"ips.access-log.buffer-lines is {options.BufferLines}; it must be from 16 to 1000000.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
