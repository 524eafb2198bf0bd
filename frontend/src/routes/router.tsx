import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { AppLayout } from "./app-layout";
import { NotFound } from "./not-found";
import { Pending } from "./pending";
import { Root } from "./root";
import {
  campaignSearch,
  cursorSearch,
  deliverySearch,
  emailSearch,
  messageSearch,
  sendersSearch,
  signInSearch,
  suppressionSearch,
} from "./search";

// Each of these is a file of its own, loaded when somebody goes there or is about to.
const campaignPages = () => import("./campaign-pages");
const composePages = () => import("./compose-page");
const entrancePages = () => import("./entrance-pages");
const mailPages = () => import("./mail-pages");
const messagePages = () => import("./message-page");
const overviewPages = () => import("./overview-page");
const setUpPages = () => import("./set-up-pages");
const settingsPages = () => import("./settings-pages");
const suppressionPages = () => import("./suppressions-page");
const templatePages = () => import("./template-pages");
const webhookPages = () => import("./webhook-pages");

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: signInSearch,
  component: lazyRouteComponent(entrancePages, "SignInPage"),
});

const mailedLink = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/link",
  component: lazyRouteComponent(entrancePages, "MailedLinkPage"),
});

const join = createRoute({
  getParentRoute: () => root,
  path: "/join",
  component: lazyRouteComponent(entrancePages, "JoinPage"),
});

const app = createRoute({ getParentRoute: () => root, id: "app", component: AppLayout });

const overview = createRoute({
  getParentRoute: () => app,
  path: "/",
  component: lazyRouteComponent(overviewPages, "OverviewPage"),
});

const compose = createRoute({
  getParentRoute: () => app,
  path: "/compose",
  component: lazyRouteComponent(composePages, "ComposePage"),
});

const scheduled = createRoute({
  getParentRoute: () => app,
  path: "/scheduled",
  validateSearch: emailSearch,
  component: lazyRouteComponent(mailPages, "ScheduledPage"),
});

const sent = createRoute({
  getParentRoute: () => app,
  path: "/sent",
  validateSearch: emailSearch,
  component: lazyRouteComponent(mailPages, "SentPage"),
});

const message = createRoute({
  getParentRoute: () => app,
  path: "/emails/$id",
  validateSearch: messageSearch,
  component: lazyRouteComponent(messagePages, "MessagePage"),
});

const campaigns = createRoute({
  getParentRoute: () => app,
  path: "/campaigns",
  validateSearch: campaignSearch,
  component: lazyRouteComponent(campaignPages, "CampaignsPage"),
});

const campaign = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id",
  validateSearch: emailSearch,
  component: lazyRouteComponent(campaignPages, "CampaignPage"),
});

const editDraft = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id/edit",
  component: lazyRouteComponent(composePages, "EditDraftPage"),
});

const templates = createRoute({
  getParentRoute: () => app,
  path: "/templates",
  validateSearch: cursorSearch,
  component: lazyRouteComponent(templatePages, "TemplatesPage"),
});

const newTemplate = createRoute({
  getParentRoute: () => app,
  path: "/templates/new",
  component: lazyRouteComponent(templatePages, "NewTemplatePage"),
});

const template = createRoute({
  getParentRoute: () => app,
  path: "/templates/$id",
  component: lazyRouteComponent(templatePages, "TemplatePage"),
});

const senders = createRoute({
  getParentRoute: () => app,
  path: "/senders",
  validateSearch: sendersSearch,
  component: lazyRouteComponent(setUpPages, "SendersPage"),
});

const deliverability = createRoute({
  getParentRoute: () => app,
  path: "/senders/$id/deliverability",
  component: lazyRouteComponent(setUpPages, "DeliverabilityPage"),
});

const suppressions = createRoute({
  getParentRoute: () => app,
  path: "/suppressions",
  validateSearch: suppressionSearch,
  component: lazyRouteComponent(suppressionPages, "SuppressionsPage"),
});

const settings = createRoute({
  getParentRoute: () => app,
  path: "/settings",
  component: lazyRouteComponent(settingsPages, "GeneralPage"),
});

const team = createRoute({
  getParentRoute: () => app,
  path: "/settings/team",
  component: lazyRouteComponent(settingsPages, "TeamPage"),
});

const security = createRoute({
  getParentRoute: () => app,
  path: "/settings/security",
  component: lazyRouteComponent(settingsPages, "SecurityPage"),
});

const webhook = createRoute({
  getParentRoute: () => app,
  path: "/settings/webhooks/$id",
  validateSearch: deliverySearch,
  component: lazyRouteComponent(webhookPages, "WebhookPage"),
});

const delivery = createRoute({
  getParentRoute: () => app,
  path: "/settings/webhooks/$id/deliveries/$deliveryId",
  component: lazyRouteComponent(webhookPages, "DeliveryPage"),
});

const nowhere = createRoute({ getParentRoute: () => app, path: "$", component: NotFound });

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    mailedLink,
    join,
    app.addChildren([
      overview,
      compose,
      scheduled,
      sent,
      message,
      campaigns,
      campaign,
      editDraft,
      templates,
      newTemplate,
      template,
      senders,
      deliverability,
      suppressions,
      settings,
      webhook,
      delivery,
      team,
      security,
      nowhere,
    ]),
  ]),
  scrollRestoration: true,
  defaultPreload: "intent",
  defaultPreloadDelay: 30,
  defaultPendingComponent: Pending,
  defaultPendingMs: 150,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
