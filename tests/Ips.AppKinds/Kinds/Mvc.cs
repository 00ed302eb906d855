using Microsoft.AspNetCore.Mvc;

namespace Ips.AppKinds.Kinds;

/// <summary>MVC controllers.</summary>
internal static class Mvc
{
    public static Task RunAsync(string[] args, bool line)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (line) builder.AddIps();
        builder.Services.AddControllers();
        var app = builder.Build();
        app.MapCommon();
        app.MapControllers();
        return app.RunAsync();
    }
}

/// <summary>Its controller.</summary>
[ApiController]
[Route("kind")]
public sealed class KindController : ControllerBase
{
    /// <summary>Answers by model binding and content negotiation.</summary>
    [HttpGet]
    public ActionResult<KindAnswer> Get([FromQuery] int number = 1) => new KindAnswer("controller", number);
}

/// <summary>What the controller answers.</summary>
public sealed record KindAnswer(string Kind, int Number);
