// Where a medium's content lies among the blobs.

export const blobKey = (medium: { project_id: string; id: string }): string => `${mediaPrefix(medium.project_id)}m${medium.id}`;

/** Where all media of a project lie. */
export const mediaPrefix = (projectId: string): string => `media/${Buffer.from(projectId, 'utf8').toString('base64url').slice(0, 200)}/`;
