"""Addresses below /identity/."""

from __future__ import annotations

from django.urls import path

from tronco.identity import access_views as access
from tronco.identity import link_views, visit_views
from tronco.identity.views import Users

app_name = "identity"
urlpatterns = [
    path("sign-in/", access.SignIn.as_view(), name="sign_in"),
    path("sign-in/code/", access.SignInCode.as_view(), name="sign_in_code"),
    path("sign-out/", access.SignOut.as_view(), name="sign_out"),
    path("profile/", access.Profile.as_view(), name="profile"),
    path("password/", access.ChangePassword.as_view(), name="password"),
    path("second-factor/", access.SecondFactor.as_view(), name="second_factor"),
    path("sessions/end/", access.EndSession.as_view(), name="session_end"),
    path("forgotten/", link_views.Forgotten.as_view(), name="forgotten"),
    path("link/<str:token>/", link_views.FollowLink.as_view(), name="link"),
    path("visit/end/", visit_views.EndVisit.as_view(), name="visit_end"),
    *Users.urls("users/"),
]
