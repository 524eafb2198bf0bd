import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { AppLayout } from "./app-layout";
import { CampaignPage, CampaignsPage } from "./campaign-pages";
import { ComposePage, EditDraftPage } from "./compose-page";
import { JoinPage, MailedLinkPage, SignInPage } from "./entrance-pages";
import { ScheduledPage, SentPage } from "./mail-pages";
import { MessagePage } from "./message-page";
import { NotFound } from "./not-found";
import { OverviewPage } from "./overview-page";
import { Root } from "./root";
import {
  cursorSearch,
  deliverySearch,
  emailSearch,
  messageSearch,
  sendersSearch,
  signInSearch,
  suppressionSearch,
} from "./search";
import { SendersPage } from "./set-up-pages";
import { GeneralPage, SecurityPage, TeamPage } from "./settings-pages";
import { SuppressionsPage } from "./suppressions-page";
import { NewTemplatePage, TemplatePage, TemplatesPage } from "./template-pages";
import { DeliveryPage, WebhookPage } from "./webhook-pages";

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: signInSearch,
  component: SignInPage,
});

const mailedLink = createRoute({
  getParentRoute: () => root,
  path: "/sign-in/link",
  component: MailedLinkPage,
});

const join = createRoute({ getParentRoute: () => root, path: "/join", component: JoinPage });

const app = createRoute({ getParentRoute: () => root, id: "app", component: AppLayout });

const overview = createRoute({ getParentRoute: () => app, path: "/", component: OverviewPage });

const compose = createRoute({ getParentRoute: () => app, path: "/compose", component: ComposePage });

const scheduled = createRoute({
  getParentRoute: () => app,
  path: "/scheduled",
  validateSearch: emailSearch,
  component: ScheduledPage,
});

const sent = createRoute({
  getParentRoute: () => app,
  path: "/sent",
  validateSearch: emailSearch,
  component: SentPage,
});

const message = createRoute({
  getParentRoute: () => app,
  path: "/emails/$id",
  validateSearch: messageSearch,
  component: MessagePage,
});

const campaigns = createRoute({
  getParentRoute: () => app,
  path: "/campaigns",
  validateSearch: cursorSearch,
  component: CampaignsPage,
});

const campaign = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id",
  validateSearch: emailSearch,
  component: CampaignPage,
});

const editDraft = createRoute({
  getParentRoute: () => app,
  path: "/campaigns/$id/edit",
  component: EditDraftPage,
});

const templates = createRoute({
  getParentRoute: () => app,
  path: "/templates",
  validateSearch: cursorSearch,
  component: TemplatesPage,
});

const newTemplate = createRoute({
  getParentRoute: () => app,
  path: "/templates/new",
  component: NewTemplatePage,
});

const template = createRoute({ getParentRoute: () => app, path: "/templates/$id", component: TemplatePage });

const senders = createRoute({
  getParentRoute: () => app,
  path: "/senders",
  validateSearch: sendersSearch,
  component: SendersPage,
});

const suppressions = createRoute({
  getParentRoute: () => app,
  path: "/suppressions",
  validateSearch: suppressionSearch,
  component: SuppressionsPage,
});

const settings = createRoute({ getParentRoute: () => app, path: "/settings", component: GeneralPage });

const team = createRoute({ getParentRoute: () => app, path: "/settings/team", component: TeamPage });

const security = createRoute({
  getParentRoute: () => app,
  path: "/settings/security",
  component: SecurityPage,
});

const webhook = createRoute({
  getParentRoute: () => app,
  path: "/settings/webhooks/$id",
  validateSearch: deliverySearch,
  component: WebhookPage,
});

const delivery = createRoute({
  getParentRoute: () => app,
  path: "/settings/webhooks/$id/deliveries/$deliveryId",
  component: DeliveryPage,
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
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
