using Ips.Host.Auth;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Api;

/// <summary>Answers what nobody caught with 500, code 5000 and the trace id, and logs it once, with the stack.</summary>
internal sealed class ErrorMiddleware(RequestDelegate next, TimeProvider time, ILogger<ErrorMiddleware> log)
{
    private static readonly TimeSpan AwayLogInterval = TimeSpan.FromSeconds(1);

    private long? _awayLogged;

    /// <summary>Runs the rest of the pipeline.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The client went away: nobody to answer, and no fault of ours.
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, Problems.BadRequest(e.StatusCode, e.Message));
        }
        catch (StoreBusyException e) when (!context.Response.HasStarted)
        {
            log.StoreBusy(context.Request.Method, Shown(context.Request), context.TraceIdentifier, e.Message);
            await AnswerAsync(context, Problems.StoreBusy);
        }
        catch (StoreAwayException e) when (!context.Response.HasStarted)
        {
            LogAway(context, e);
            context.IpsExcuseError(); // whether a release is to blame, the health check 'store' says
            await AnswerAsync(context, Problems.StoreAway(e.Trouble));
        }
        catch (Exception e)
        {
            log.UnhandledError(e, context.Request.Method, Shown(context.Request), context.TraceIdentifier);
            // Half an answer must not look like a whole one.
            if (context.Response.HasStarted) context.Abort();
            else await AnswerAsync(context, Problems.Internal(context.TraceIdentifier));
        }
    }

    // Every request fails alike, and each has its line in the access log.
    private void LogAway(HttpContext context, StoreAwayException error)
    {
        if (_awayLogged is { } last && time.GetElapsedTime(last) < AwayLogInterval) return;
        _awayLogged = time.GetTimestamp();
        log.StoreAway(context.Request.Method, Shown(context.Request), context.TraceIdentifier, error.Message);
    }

    private static string Shown(HttpRequest request) => LoggedTarget.Of(request.Path.Value ?? "", null);

    private static Task AnswerAsync(HttpContext context, Problem problem)
    {
        context.Response.Clear();
        context.Response.Headers[TraceIdMiddleware.HeaderName] = context.TraceIdentifier;
        if (context.Features.Get<Caller>()?.KeyName is { } user) context.Response.Headers[AuthMiddleware.UserHeader] = user;
        return Envelope.WriteProblemAsync(context, problem);
    }
}
