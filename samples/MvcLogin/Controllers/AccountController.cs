using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;

namespace MvcLogin.Controllers;

/// <summary>Login and logout.</summary>
public sealed class AccountController(Users users) : Controller
{
    /// <summary>The form.</summary>
    public IActionResult Login(string? returnUrl = null) => View(model: returnUrl);

    /// <summary>Logs in.</summary>
    [HttpPost]
    public async Task<IActionResult> Login(string name, string password, string? returnUrl = null)
    {
        if (!users.Check(name, password))
        {
            ModelState.AddModelError("", "Name or password is wrong.");
            return View(model: returnUrl);
        }

        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], CookieAuthenticationDefaults.AuthenticationScheme);
        await HttpContext.SignInAsync(new ClaimsPrincipal(identity));
        return LocalRedirect(Url.IsLocalUrl(returnUrl) ? returnUrl : "/cart");
    }

    /// <summary>Logs out.</summary>
    [HttpPost]
    public async Task<IActionResult> Logout()
    {
        HttpContext.Session.Clear();
        await HttpContext.SignOutAsync();
        return LocalRedirect("/");
    }
}
